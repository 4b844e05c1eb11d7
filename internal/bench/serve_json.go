package bench

import "bytes"

// The generator reads a few members of every answer. Decoding them whole would
// cost more than all the rest of its work, so it looks for the members and
// steps over the others. On malformed text it finds nothing.

// member returns the text of a member's value in a JSON object, nil when there
// is none. Names with escapes are not recognised.
func member(object []byte, name string) []byte {
	i := skipSpace(object, 0)
	if i >= len(object) || object[i] != '{' {
		return nil
	}
	for i = skipSpace(object, i+1); i < len(object) && object[i] == '"'; {
		end := skipValue(object, i)
		if end < 0 {
			return nil
		}
		found := string(object[i+1:end-1]) == name
		i = skipSpace(object, end)
		if i >= len(object) || object[i] != ':' {
			return nil
		}
		from := skipSpace(object, i+1)
		end = skipValue(object, from)
		if end < 0 {
			return nil
		}
		if found {
			return object[from:end]
		}
		i = skipSpace(object, end)
		if i >= len(object) || object[i] != ',' {
			return nil
		}
		i = skipSpace(object, i+1)
	}
	return nil
}

// elements calls do with the text of each value of a JSON array.
func elements(array []byte, do func(value []byte)) {
	i := skipSpace(array, 0)
	if i >= len(array) || array[i] != '[' {
		return
	}
	for i++; ; i++ {
		i = skipSpace(array, i)
		end := skipValue(array, i)
		if end < 0 || end == i {
			return
		}
		do(array[i:end])
		i = skipSpace(array, end)
		if i >= len(array) || array[i] != ',' {
			return
		}
	}
}

// text returns the characters of a JSON string, "" for anything else and for a
// string with escapes: ids and OVNs have none.
func text(value []byte) string {
	if len(value) < 2 || value[0] != '"' || bytes.IndexByte(value, '\\') >= 0 {
		return ""
	}
	return string(value[1 : len(value)-1])
}

// skipValue returns where the value that begins at i ends, -1 when it does not.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		for depth := 0; i < len(b); i++ {
			switch b[i] {
			case '"':
				if i = skipString(b, i) - 1; i < 0 {
					return -1
				}
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return -1
	}
	for i < len(b) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(b[i])) {
		i++
	}
	return i
}

// skipString returns the place behind the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}
