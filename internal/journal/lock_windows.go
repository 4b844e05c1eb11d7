package journal

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// ownersOnly tells that file modes keep others from reading.
const ownersOnly = false

// lockFile opens a file so that nobody else can, which ends with the process.
func lockFile(name string) (io.Closer, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	const shareNothing = 0
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareNothing, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		const sharingViolation = syscall.Errno(32)
		if errors.Is(err, sharingViolation) {
			err = ErrLocked
		}
		return nil, err
	}
	return os.NewFile(uintptr(h), name), nil
}

// syncDir does nothing: directories cannot be synced here, and NTFS journals
// its names.
func syncDir(string) error { return nil }
