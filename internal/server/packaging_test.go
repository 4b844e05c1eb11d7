package server

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const unitFile = "../../packaging/deconflict.service"

// systemd takes the unit without a word, and finds little that the node could do
// beyond its work: an exposure of at most 2.0 of 10.
func TestUnitIsSound(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	unit, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	// The program is where the unit says only once it is installed.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "deconflict.service")
	if err := os.WriteFile(file, bytes.ReplaceAll(unit, []byte("/usr/bin/deconflict"), []byte(self)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", file).CombinedOutput(); err != nil || strings.Contains(string(out), "deconflict.service") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=20", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// What the unit passes to the program is what the program knows.
func TestUnitSpeaksOfTheProgram(t *testing.T) {
	unit, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ExecStart=/usr/bin/deconflict serve --config %E/deconflict/deconflict.toml\n",
		"Environment=DECONFLICT_DATA=%S/deconflict\n", "Type=notify\n", "RestartPreventExitStatus=2\n", "Restart=on-failure\n",
	} {
		if !bytes.Contains(unit, []byte(want)) {
			t.Errorf("the unit lacks %q", want)
		}
	}
	if data := &Settings[0]; data.Variable() != "DECONFLICT_DATA" {
		t.Errorf("the data directory is %s", data.Variable())
	}
}
