package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// yamlReader reads the YAML in which OpenAPI documents are written: block
// mappings and lists, plain and single-quoted scalars, folded blocks, empty
// brackets. A scalar is a string, nothing is nil. Anything else is an error.
type yamlReader struct {
	lines []yamlLine
	at    int
}

type yamlLine struct {
	number, indent int
	text           string // without indent
}

func readYAML(data string) (any, error) {
	r := &yamlReader{}
	for i, text := range strings.Split(data, "\n") {
		trimmed := strings.TrimLeft(text, " ")
		r.lines = append(r.lines, yamlLine{i + 1, len(text) - len(trimmed), strings.TrimRight(trimmed, " \r")})
	}
	v, err := r.block(0)
	if err == nil && r.peek() != nil {
		err = fmt.Errorf("at %d: found %q behind the document", r.peek().number, r.peek().text)
	}
	return v, err
}

// peek returns the next line that says something.
func (r *yamlReader) peek() *yamlLine {
	for ; r.at < len(r.lines); r.at++ {
		if l := &r.lines[r.at]; l.text != "" && l.text[0] != '#' {
			return l
		}
	}
	return nil
}

// block reads a mapping or a list that is indented by at least so much.
func (r *yamlReader) block(least int) (any, error) {
	l := r.peek()
	if l == nil || l.indent < least {
		return nil, nil
	}
	if strings.HasPrefix(l.text, "- ") {
		return r.list(l.indent)
	}
	return r.mapping(l.indent)
}

func (r *yamlReader) list(indent int) (any, error) {
	list := []any{}
	for {
		l := r.peek()
		if l == nil || l.indent != indent || !strings.HasPrefix(l.text, "- ") {
			return list, nil
		}
		rest := strings.TrimLeft(l.text[2:], " ")
		if _, _, isMap := cutKey(rest); isMap {
			// The item's mapping begins behind the dash.
			l.indent += len(l.text) - len(rest)
			l.text = rest
			v, err := r.mapping(l.indent)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
			continue
		}
		r.at++
		v, err := r.scalar(rest, indent)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (r *yamlReader) mapping(indent int) (any, error) {
	object := map[string]any{}
	for {
		l := r.peek()
		if l == nil || l.indent < indent || strings.HasPrefix(l.text, "- ") {
			return object, nil
		}
		key, rest, ok := cutKey(l.text)
		if !ok || l.indent != indent {
			return nil, fmt.Errorf("at %d: found %q, expected a key indented by %d", l.number, l.text, indent)
		}
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("at %d: %q twice", l.number, key)
		}
		r.at++
		var err error
		if rest != "" {
			object[key], err = r.scalar(rest, indent)
		} else if next := r.peek(); next != nil && next.indent == indent && strings.HasPrefix(next.text, "- ") {
			object[key], err = r.list(indent)
		} else {
			object[key], err = r.block(indent + 1)
		}
		if err != nil {
			return nil, err
		}
	}
}

// scalar reads what stands behind a key or a dash; a block goes on in lines
// indented by more.
func (r *yamlReader) scalar(text string, indent int) (any, error) {
	switch text[0] {
	case '>', '|':
		var words []string
		for ; r.at < len(r.lines) && (r.lines[r.at].text == "" || r.lines[r.at].indent > indent); r.at++ {
			words = append(words, r.lines[r.at].text)
		}
		return strings.TrimSpace(strings.Join(words, " ")), nil
	case '\'':
		if len(text) < 2 || text[len(text)-1] != '\'' {
			return nil, fmt.Errorf("at %d: open quote", r.at)
		}
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'"), nil
	case '[', '{':
		if strings.ReplaceAll(text, " ", "") == "[]" {
			return []any{}, nil
		}
		return nil, fmt.Errorf("at %d: %q is not read", r.at, text)
	case '"', '&', '*', '!':
		return nil, fmt.Errorf("at %d: %q is not read", r.at, text)
	}
	return text, nil
}

// cutKey splits "key: rest" and "'key': rest".
func cutKey(text string) (key, rest string, ok bool) {
	if text[0] == '\'' {
		key, rest, ok = strings.Cut(text[1:], "':")
	} else {
		key, rest, ok = strings.Cut(text, ":")
	}
	if !ok || rest != "" && rest[0] != ' ' || key == "" || strings.ContainsRune(key, ' ') || strings.ContainsRune("{[\"", rune(key[0])) {
		return "", "", false
	}
	return key, strings.TrimLeft(rest, " "), true
}

func TestReadYAML(t *testing.T) {
	const doc = `a: 1
b:
- x: 'it''s'
  y:
    - p
    - >-
      q
      r
# comment
- z
'200':
  c: [ ]
  d:
e: http://x
`
	v, err := readYAML(doc)
	want := `map[200:map[c:[] d:<nil>] a:1 b:[map[x:it's y:[p q r]] z] e:http://x]`
	if got := fmt.Sprint(v); err != nil || got != want {
		t.Errorf("found %s, %v, expected %s", got, err, want)
	}
	for _, bad := range []string{"a: 1\n  b: 2\n", "a: {b: 1}\n", "a: 1\na: 2\n", "a: \"x\"\n", "text\n", "- a\nb: 1\n"} {
		if v, err := readYAML(bad); err == nil {
			t.Errorf("%q is read as %v", bad, v)
		}
	}
}
