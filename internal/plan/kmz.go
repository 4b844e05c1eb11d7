package plan

import (
	"archive/zip"
	"bytes"
	"errors"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// maxKMZEntries bounds the number of files in a KMZ.
const maxKMZEntries = 4096

// decodeKMZ reads the main document of a KMZ: doc.kml at the top, or else the
// first .kml in the archive.
func decodeKMZ(name string, data []byte, opt Options) (*File, error) {
	// Counted before package zip makes a list of them.
	if n := bytes.Count(data, []byte("PK\x01\x02")); n > maxKMZEntries {
		return nil, &Error{File: name, Found: "more than " + strconv.Itoa(maxKMZEntries) + " files in the archive", Expected: "fewer"}
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, &Error{File: name, Found: "a broken zip archive", Expected: "a KMZ", Err: err}
	}
	others := 0
	for _, f := range archive.File {
		if strings.Contains(f.Name, `\`) || !filepath.IsLocal(strings.TrimSuffix(f.Name, "/")) {
			return nil, &Error{File: name, Found: "an entry named " + quoteShort(f.Name), Expected: "names inside the archive"}
		}
		if !strings.EqualFold(path.Ext(f.Name), ".kml") {
			others++
		}
	}
	main := mainDocument(archive.File)
	if main == nil {
		return nil, &Error{File: name, Found: "an archive without a .kml file", Expected: "doc.kml"}
	}
	text, err := unpack(name, main, opt)
	if err != nil {
		return nil, err
	}
	file, err := decodeKML(name+"/"+main.Name, text, opt)
	if err != nil {
		return nil, err
	}
	file.Name, file.Format = name, KMZ
	for _, f := range archive.File {
		if f != main && strings.EqualFold(path.Ext(f.Name), ".kml") {
			file.noteUnused(quoteShort(f.Name) + " in the archive is not read: " + quoteShort(main.Name) + " is the main document")
		}
	}
	if others > 0 {
		file.noteUnused(strconv.Itoa(others) + " other entries of the archive (pictures, models) are not used")
	}
	return file, nil
}

// mainDocument returns doc.kml at the top of an archive, else its first .kml.
func mainDocument(files []*zip.File) *zip.File {
	var main *zip.File
	for _, f := range files {
		if strings.EqualFold(path.Ext(f.Name), ".kml") && (main == nil || f.Name == "doc.kml" && main.Name != "doc.kml") {
			main = f
		}
	}
	return main
}

// unpack returns the content of an entry, at most opt.MaxBytes of it.
func unpack(name string, f *zip.File, opt Options) ([]byte, error) {
	fail := func(found, expected string, err error) ([]byte, error) {
		return nil, &Error{File: name + "/" + f.Name, Found: found, Expected: expected, Err: err}
	}
	if f.Flags&1 != 0 {
		return fail("an encrypted entry", "one without a password", nil)
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return fail("the compression method "+strconv.Itoa(int(f.Method)), "deflate or none", nil)
	}
	if err != nil {
		return fail("an entry that cannot be opened", "", err)
	}
	defer r.Close()
	data, err := readUpTo(r, opt.maxBytes()+1)
	if err != nil {
		return fail("an entry that cannot be unpacked", "", err)
	}
	if int64(len(data)) > opt.maxBytes() {
		return fail("more than "+byteSize(opt.maxBytes())+" when unpacked", "a smaller document", nil)
	}
	return data, nil
}
