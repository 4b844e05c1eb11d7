//go:build linux || darwin || freebsd

package server

import "syscall"

// freeDisk returns the bytes that an ordinary user may still write where dir is.
func freeDisk(dir string) (Size, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return Size(int64(fs.Bavail) * int64(fs.Bsize)), nil
}
