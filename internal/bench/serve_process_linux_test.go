package bench

import (
	"net"
	"net/url"
	"os"
	"testing"
)

// This process finds itself by its port, and has used something.
func TestListenerIsFoundByItsPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := &url.URL{Scheme: "http", Host: l.Addr().String()}
	if pid := listener(target); pid != os.Getpid() {
		t.Errorf("found process %d, expected %d", pid, os.Getpid())
	}
	l.Close()
	if pid := listener(target); pid != 0 {
		t.Errorf("found process %d on a closed port", pid)
	}
	u, err := usageOf(os.Getpid())
	if err != nil || u.residentKB <= 0 || u.peakKB < u.residentKB {
		t.Errorf("found %+v, %v", u, err)
	}
}
