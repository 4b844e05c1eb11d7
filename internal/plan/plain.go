package plan

import "github.com/deconflict/deconflict/internal/volume"

// Plain returns volumes without buffers, made of polygons and circles alone,
// that together contain an entity: what F3548-21 can say, as WriteF3548 writes
// it.
func Plain(e *volume.Entity) ([]volume.Volume4D, error) { return plainVolumes(e) }
