package server

import (
	"path/filepath"
	"slices"
	"strings"
)

// ForSite gives the node of a site, where there is one, what it needs and nobody
// set: its data beside where it is started, all interfaces, a certificate of its
// own and its own issuer of tokens. So one word makes a node.
func (e *Effective) ForSite() error {
	name := e.Config.Site
	if name == "" {
		return nil
	}
	given := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return e.From(n) != "default" })
	}
	if !given("data") && !plainName(name) {
		return &ConfigError{e.From("site"), "site", name, expected("a name of letters, digits, - and _, or --data as well")}
	}
	defaults := [][2]string{{"data", name}, {"listen", ":8443"}, {"origin", name + "/deconflict"}}
	if !given("token-key", "jwks-url", "insecure-dev") {
		defaults = append(defaults, [2]string{"builtin-issuer", "true"})
	}
	data := e.Config.Data
	if !given("data") {
		data = name
	}
	if !given("tls-cert", "tls-key", "plain-http") {
		defaults = append(defaults, [2]string{"tls-cert", filepath.Join(data, "keys", "site.crt")}, [2]string{"tls-key", filepath.Join(data, "keys", "site.pem")})
	}
	for _, d := range defaults {
		if given(d[0]) {
			continue
		}
		i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Name == d[0] })
		if err := e.set(&Settings[i], []string{d[1]}, "site "+name); err != nil {
			return &ConfigError{"site " + name, d[0], d[1], err}
		}
	}
	return nil
}

// plainName reports whether a name can be that of a directory anywhere.
func plainName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return name != "" && strings.Trim(name, letters+"-_") == "" && strings.ContainsAny(name[:1], letters)
}
