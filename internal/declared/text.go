package declared

import (
	"fmt"
	"strings"
	"unicode"
)

// CheckText refuses a text of fewer or more bytes than allowed, or with control
// characters but line feeds. The path names the member in the error.
func CheckText(path, s string, least, most int) error {
	if len(s) < least || len(s) > most {
		return fmt.Errorf("%s: found %d bytes, expected %d to %d", path, len(s), least, most)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); i >= 0 {
		return fmt.Errorf("%s: found a control character at byte %d, expected text", path, i)
	}
	return nil
}

// CheckTexts is CheckText of each text of a list of at most so many.
func CheckTexts(path string, list []string, longest, least, most int) error {
	if len(list) > longest {
		return fmt.Errorf("%s: found %d, expected at most %d", path, len(list), longest)
	}
	for i, s := range list {
		if err := CheckText(fmt.Sprintf("%s[%d]", path, i), s, least, most); err != nil {
			return err
		}
	}
	return nil
}
