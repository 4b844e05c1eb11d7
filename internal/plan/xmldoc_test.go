package plan

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// billionLaughs is the classic of nested entities: 10^9 words from 1 kB.
const billionLaughs = `<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]>
<kml><Document><name>&lol3;</name></Document></kml>`

func TestParseXMLRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"empty", ``, []string{"no element"}},
		{"no markup", `hello`, []string{`"hello" outside the root element`}},
		{"cut element", "<kml>\n<Document>\n<name>x", []string{"line 3", "inside kml/Document/name", "</name>"}},
		{"cut tag", "<kml>\n<Docu", []string{"line 2", "inside kml"}},
		{"crossed tags", "<a><b></a></b>", []string{"</a>", "expected </b>"}},
		{"closing twice", "<a></a></a>", []string{"</a>", "no closing tag"}},
		{"two roots", "<a/><b/>", []string{"second root element <b>"}},
		{"text after", "<a/>x", []string{"outside the root"}},
		{"same attribute", `<a b="1" b="2"/>`, []string{`"b" twice`}},
		{"many attributes", "<a" + manyAttributes("b") + "/>", []string{"more than 64 attributes in <a>"}},
		{"many namespaces", strings.Repeat("<a xmlns:x='u' xmlns:y='u'>", 40), []string{"more than 64 namespaces", "<a>"}},
		{"billion laughs", billionLaughs, []string{"line 3", "DOCTYPE"}},
		{"external entity", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, []string{"DOCTYPE"}},
		{"unknown entity", `<a>&nbsp;</a>`, []string{"line 1", "broken XML"}},
		{"deep", strings.Repeat("<a>", 100_000), []string{"nesting deeper than 64"}},
		{"UTF-16", "\xff\xfe<\x00a\x00", []string{"UTF-16"}},
		{"Latin-1 declared", `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, []string{`"ISO-8859-1"`, "UTF-8"}},
		{"Latin-1", "<a>\nZ\xfcrich</a>", []string{"line 2", "0xfc"}},
		{"control character", "<a>\x01</a>", []string{"broken XML"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseXML("f.kml", []byte(c.text), Options{})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want an *Error", err)
			}
			for _, w := range append(c.want, "f.kml") {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

func manyAttributes(name string) string {
	var b strings.Builder
	for i := range 65 {
		b.WriteString(" " + name + strconv.Itoa(i) + `="1"`)
	}
	return b.String()
}

func TestXMLPlacesAndNamespaces(t *testing.T) {
	root, err := parseXML("f.kml", []byte("\ufeff"+`<?xml version="1.0" encoding="utf-8"?>
<k:kml xmlns:k="http://www.opengis.net/kml/2.2">
 <k:Placemark><k:name> A &amp; <![CDATA[<B>]]> </k:name></k:Placemark>
 <k:Placemark><gx:Track/><Local xmlns="urn:x"/><k:f>NaN</k:f><k:h>0x10</k:h></k:Placemark>
</k:kml>`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if root.space != "http://www.opengis.net/kml/2.2" || len(root.children) != 2 {
		t.Fatalf("root in %q with %d children", root.space, len(root.children))
	}
	if got := root.children[0].childText("name"); got != "A & <B>" {
		t.Errorf("name %q", got)
	}
	second := root.children[1]
	if got, want := second.child("Track").place(), "kml/Placemark[2]/Track (line 4)"; got != want {
		t.Errorf("place %q, want %q", got, want)
	}
	if got := second.child("Track").space; got != "gx" {
		t.Errorf("undeclared prefix stands for %q", got)
	}
	if got := second.child("Local").space; got != "urn:x" {
		t.Errorf("local namespace %q", got)
	}
	for _, name := range []string{"f", "h"} {
		if _, err := second.child(name).number(); err == nil {
			t.Errorf("%s read as a number", name)
		}
	}
}
