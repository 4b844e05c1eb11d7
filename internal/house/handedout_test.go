package house

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What `make dist` made is what it says it is: the folder in DECONFLICT_DIST
// is looked at, and the program of its Debian package is run. The stage dist of
// .ci/run sets it.
func TestHandedOut(t *testing.T) {
	dist := os.Getenv("DECONFLICT_DIST")
	if dist == "" {
		t.Skip("DECONFLICT_DIST names no folder that make dist made")
	}
	packages, err := filepath.Glob(filepath.Join(dist, "deconflict_*_amd64.deb"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("found %d packages for amd64 in %s, expected one", len(packages), dist)
	}
	version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(packages[0]), "deconflict_"), "_amd64.deb")
	want := []string{"LICENSES.txt", "SHA256SUMS", "deconflict_" + version + "_amd64.deb", "deconflict_" + version + "_arm64.deb"}
	for _, p := range programs {
		want = append(want, p.name)
	}
	slices.Sort(want)
	if got := namesIn(t, dist); !slices.Equal(got, want) {
		t.Fatalf("handed out is %q, expected %q", got, want)
	}
	checkSums(t, dist, want)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) { p.check(t, filepath.Join(dist, p.name), version) })
	}
	licences := read(t, filepath.Join(dist, "LICENSES.txt"))
	for _, of := range []string{"\n==== Go go", "\n==== modernc.org/sqlite ", "\n==== maplibre-gl@", "\n==== preact@"} {
		if !bytes.Contains(licences, []byte(of)) {
			t.Errorf("LICENSES.txt lacks %q", of)
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run("deb "+arch, func(t *testing.T) { checkPackage(t, dist, version, arch) })
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// checkSums reads SHA256SUMS as `sha256sum -c` does; it has to name all the
// others, in their order.
func checkSums(t *testing.T, dist string, names []string) {
	t.Helper()
	var want strings.Builder
	for _, name := range names {
		if name != "SHA256SUMS" {
			sum := sha256.Sum256(read(t, filepath.Join(dist, name)))
			fmt.Fprintf(&want, "%s  %s\n", hex.EncodeToString(sum[:]), name)
		}
	}
	if got := string(read(t, filepath.Join(dist, "SHA256SUMS"))); got != want.String() {
		t.Errorf("SHA256SUMS is\n%s, expected\n%s", got, want.String())
	}
}

// handedOut is the file for one system.
type handedOut struct {
	name, os, arch string
	header         func(io.ReaderAt) error
}

var programs = []handedOut{
	{"deconflict-darwin-amd64", "darwin", "amd64", machO(macho.CpuAmd64)},
	{"deconflict-darwin-arm64", "darwin", "arm64", machO(macho.CpuArm64)},
	{"deconflict-linux-amd64", "linux", "amd64", elfStatic(elf.EM_X86_64)},
	{"deconflict-linux-arm64", "linux", "arm64", elfStatic(elf.EM_AARCH64)},
	{"deconflict-windows-amd64.exe", "windows", "amd64", portable(pe.IMAGE_FILE_MACHINE_AMD64)},
}

func (p handedOut) check(t *testing.T, file, version string) {
	data := read(t, file)
	r := bytes.NewReader(data)
	if err := p.header(r); err != nil {
		t.Error(err)
	}
	info, err := buildinfo.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	for key, want := range map[string]string{"GOOS": p.os, "GOARCH": p.arch, "CGO_ENABLED": "0", "-trimpath": "true", "-tags": "", "vcs.revision": ""} {
		if settings[key] != want {
			t.Errorf("built with %s=%q, expected %q", key, settings[key], want)
		}
	}
	if !bytes.Contains(data, []byte(version)) {
		t.Errorf("the version %s is not in it", version)
	}
	noPathOfBuilder(t, p.name, data)
}

// elfStatic asks for a program that needs no interpreter and no library.
func elfStatic(machine elf.Machine) func(io.ReaderAt) error {
	return func(r io.ReaderAt) error {
		f, err := elf.NewFile(r)
		if err != nil {
			return err
		}
		if f.Machine != machine || f.Type != elf.ET_EXEC {
			return fmt.Errorf("found %v %v, expected %v of type %v", f.Machine, f.Type, machine, elf.ET_EXEC)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				return fmt.Errorf("found %v; expected a static program", p.Type)
			}
		}
		return nil
	}
}

// machO asks for a program with nothing but what every macOS has, and the
// signature without which Apple's own processors start nothing.
func machO(cpu macho.Cpu) func(io.ReaderAt) error {
	return func(r io.ReaderAt) error {
		f, err := macho.NewFile(r)
		if err != nil {
			return err
		}
		if f.Cpu != cpu || f.Type != macho.TypeExec {
			return fmt.Errorf("found %v %v, expected %v %v", f.Cpu, f.Type, cpu, macho.TypeExec)
		}
		libraries, err := f.ImportedLibraries()
		if err != nil {
			return err
		}
		for _, l := range libraries {
			if !strings.HasPrefix(l, "/usr/lib/") && !strings.HasPrefix(l, "/System/Library/Frameworks/") {
				return fmt.Errorf("needs %s, which not every macOS has", l)
			}
		}
		const codeSignature = 0x1d // LC_CODE_SIGNATURE
		signed := slices.ContainsFunc(f.Loads, func(l macho.Load) bool {
			return f.ByteOrder.Uint32(l.Raw()) == codeSignature
		})
		if cpu == macho.CpuArm64 && !signed {
			return errors.New("has no signature")
		}
		return nil
	}
}

func portable(machine uint16) func(io.ReaderAt) error {
	return func(r io.ReaderAt) error {
		f, err := pe.NewFile(r)
		if err != nil {
			return err
		}
		if f.Machine != machine || f.Characteristics&pe.IMAGE_FILE_EXECUTABLE_IMAGE == 0 {
			return fmt.Errorf("found machine %#x, characteristics %#x; expected a program for %#x", f.Machine, f.Characteristics, machine)
		}
		if h, ok := f.OptionalHeader.(*pe.OptionalHeader64); !ok || h.Subsystem != pe.IMAGE_SUBSYSTEM_WINDOWS_CUI {
			return errors.New("is no program for the console")
		}
		libraries, err := f.ImportedLibraries()
		if err != nil {
			return err
		}
		for _, l := range libraries {
			if !strings.EqualFold(l, "kernel32.dll") {
				return fmt.Errorf("needs %s at its start", l)
			}
		}
		return nil
	}
}

// noPathOfBuilder fails when data names a folder of the machine it was built on.
func noPathOfBuilder(t *testing.T, name string, data []byte) {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{top + "/cmd/", top + "/internal/", top + "/web/", "/node_modules/"}
	for dir := range strings.Lines(string(out)) {
		dirs = append(dirs, strings.TrimSpace(dir)+"/")
	}
	for _, dir := range dirs {
		if at := bytes.Index(data, []byte(dir)); at >= 0 {
			t.Errorf("%s has %q of the machine it was built on: %q", name, dir, data[max(at-20, 0):min(at+120, len(data))])
		}
	}
}

// checkPackage looks at a Debian package, and runs what is in it: the one for
// this machine's processor as a node, another only to say its version.
func checkPackage(t *testing.T, dist, version, arch string) {
	deb := filepath.Join(dist, "deconflict_"+version+"_"+arch+".deb")
	fields := output(t, "dpkg-deb", "--show", "--showformat", "${Package} ${Version} ${Architecture} [${Depends}] ${Maintainer}", deb)
	if want := "deconflict " + version + " " + arch + " [] deconflict maintainers <noreply@deconflict.invalid>"; fields != want {
		t.Errorf("the package says %q, expected %q", fields, want)
	}
	if got := output(t, "dpkg-deb", "--info", deb, "conffiles"); got != "/etc/deconflict/deconflict.toml\n" {
		t.Errorf("its settings are %q", got)
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		if text := output(t, "dpkg-deb", "--info", deb, script); text != string(read(t, filepath.Join(root, "packaging/deb", script))) {
			t.Errorf("%s is %q", script, text)
		}
	}
	installed := unpack(t, deb)
	bin := filepath.Join(installed, "usr/bin/deconflict")
	if !bytes.Equal(read(t, bin), read(t, filepath.Join(dist, "deconflict-linux-"+arch))) {
		t.Error("the program in it is another than the one beside it")
	}
	for name, file := range map[string]string{
		"etc/deconflict/deconflict.toml":               "packaging/deconflict.toml",
		"usr/lib/systemd/system/deconflict.service":    "packaging/deconflict.service",
		"usr/share/doc/deconflict/README.md":           "README.md",
		"usr/share/doc/deconflict/docs/OPERATING.md":   "docs/OPERATING.md",
		"usr/share/doc/deconflict/docs/images/map.png": "docs/images/map.png",
		"usr/share/doc/deconflict/LICENSES.txt.gz":     "",
		"usr/share/doc/deconflict/changelog.gz":        "",
		"usr/share/doc/deconflict/copyright":           "",
	} {
		if data := read(t, filepath.Join(installed, name)); file != "" && !bytes.Equal(data, read(t, filepath.Join(root, file))) {
			t.Errorf("/%s is another than %s", name, file)
		}
	}
	said := "deconflict " + version + " " + runtime.Version() + " linux/" + arch + "\n"
	if runtime.GOOS != "linux" || runtime.GOARCH != arch {
		if got := output(t, "qemu-"+map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]+"-static", bin, "version"); got != said {
			t.Errorf("it is %q, expected %q", got, said)
		}
		return
	}
	if got := output(t, bin, "version"); got != said {
		t.Errorf("it is %q, expected %q", got, said)
	}
	servesMap(t, bin, filepath.Join(installed, "etc/deconflict/deconflict.toml"))
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.Bytes())
	}
	return string(out)
}

// unpack returns a folder with what the package installs. All of it belongs to
// root, only root may change it, and all has the time of the commit.
func unpack(t *testing.T, deb string) string {
	t.Helper()
	dir := t.TempDir()
	r := tar.NewReader(strings.NewReader(output(t, "dpkg-deb", "--fsys-tarfile", deb)))
	var first *tar.Header
	for {
		h, err := r.Next()
		if err == io.EOF {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = h
		}
		mode := fs.FileMode(0o644)
		if h.Typeflag == tar.TypeDir || h.Name == "./usr/bin/deconflict" {
			mode = 0o755
		}
		if h.Uid != 0 || h.Gid != 0 || h.Mode != int64(mode) || !h.ModTime.Equal(first.ModTime) {
			t.Errorf("%s: of %d:%d, mode %o, %v; expected 0:0, %o, %v", h.Name, h.Uid, h.Gid, h.Mode, h.ModTime, mode, first.ModTime)
		}
		name := filepath.Join(dir, h.Name)
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(name, mode)
		case tar.TypeReg:
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(name, data, mode)
			}
		default:
			t.Fatalf("%s is neither file nor folder", h.Name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// servesMap starts the node that the package installs and asks for its page and
// all that the page loads.
func servesMap(t *testing.T, bin, config string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, bin, "serve", "--config", config, "--listen", "127.0.0.1:0")
	cmd.Env = []string{"DECONFLICT_DATA=" + filepath.Join(t.TempDir(), "data")}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, said := bufio.NewScanner(stderr), ""
	url := ""
	for url == "" && lines.Scan() {
		said += lines.Text() + "\n"
		if at, found := strings.CutPrefix(lines.Text(), "listening on "); found {
			url = at
		}
	}
	if url != "" {
		loadPage(t, url)
	}
	cancel()
	_, _ = io.Copy(io.Discard, stderr)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 0 || url == "" {
		t.Errorf("the node of the package: %v\n%s", err, said)
	}
}

// asset is the name of a file that the page, or a file of it, loads: with the
// eight characters that the build derives from what is in it.
var asset = regexp.MustCompile(`[\w-]+-[\w-]{8}\.(?:m?js|css|json|woff2)\b`)

func loadPage(t *testing.T, url string) {
	t.Helper()
	get := func(at string) (int, []byte) {
		res, err := http.Get(url + at)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, data
	}
	status, page := get("/")
	if status != http.StatusOK || !bytes.Contains(page, []byte(`<script type="module"`)) {
		t.Fatalf("/: status %d, expected the map:\n%.400s", status, page)
	}
	loaded := map[string]bool{}
	for pages := [][]byte{page}; len(pages) > 0; pages = pages[1:] {
		for _, name := range asset.FindAllString(string(pages[0]), -1) {
			if loaded[name] {
				continue
			}
			loaded[name] = true
			status, data := get("/assets/" + name)
			if status != http.StatusOK || len(data) == 0 {
				t.Errorf("/assets/%s: status %d, %d bytes", name, status, len(data))
			}
			noPathOfBuilder(t, name, data)
			pages = append(pages, data)
		}
	}
	// Program, style, fonts, coastlines and the map's worker at least.
	for _, kind := range []string{".js", ".mjs", ".css", ".woff2", ".json"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(loaded)), func(name string) bool { return path.Ext(name) == kind }) {
			t.Errorf("the page loads no %s; it loads %v", kind, loaded)
		}
	}
}
