package terms

import (
	"fmt"
	"regexp"
	"slices"
)

var (
	name     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	hash     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$`)
)

func isName(s string) bool     { return name.MatchString(s) }
func isHash(s string) bool     { return hash.MatchString(s) }
func isLanguage(s string) bool { return language.MatchString(s) }

// expected is the error for a value that is not what it should be.
func expected(place, found, want string) error {
	return fmt.Errorf("%s: found %q, expected %s", place, clip(found), want)
}

// clip keeps an error from repeating a whole hostile input.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

func inRange(place string, n, least, most int64) error {
	if n < least || n > most {
		return fmt.Errorf("%s: found %d, expected %d to %d", place, n, least, most)
	}
	return nil
}

// maxNames is the length of the longest list of names.
const maxNames = 32

// checkNames checks a list of at least so many names, each once.
func checkNames(place string, names []string, least int) error {
	if len(names) < least || len(names) > maxNames {
		return fmt.Errorf("%s: found %d, expected %d to %d", place, len(names), least, maxNames)
	}
	for i, n := range names {
		if !isName(n) || slices.Contains(names[:i], n) {
			return expected(fmt.Sprintf("%s[%d]", place, i), n, "1 to 64 letters, digits, dots, dashes, each once")
		}
	}
	return nil
}

// checkAmong checks a list of values of a closed list, each once.
func checkAmong(place string, found, allowed []string, least int) error {
	if len(found) < least {
		return fmt.Errorf("%s: found %d, expected %d or more", place, len(found), least)
	}
	for i, f := range found {
		if !slices.Contains(allowed, f) || slices.Contains(found[:i], f) {
			return expected(fmt.Sprintf("%s[%d]", place, i), f, fmt.Sprintf("one of %q, each once", allowed))
		}
	}
	return nil
}
