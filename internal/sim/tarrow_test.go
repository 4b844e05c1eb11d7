package sim

import "testing"

func TestTarrow(t *testing.T) { play(t, Tarrow()) }
