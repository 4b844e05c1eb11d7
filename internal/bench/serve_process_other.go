//go:build !linux

package bench

import (
	"errors"
	"net/url"
	"time"
)

// Where there is no /proc the report goes without what is read there.

func usageOf(int) (usage, error) { return usage{}, errors.ErrUnsupported }

func ownCPU() time.Duration { return 0 }

func listener(*url.URL) int { return 0 }

func onTmpfs(string) bool { return false }
