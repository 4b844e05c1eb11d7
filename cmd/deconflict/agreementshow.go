package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/terms"
)

func runAgreementList(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 0 {
		return 0, usagef("agreement", "found %q, expected nothing", args[0])
	}
	list, _, err := read[[]agreement.Summary](ctx, s, "/v1/agreements", "agreements")
	if err != nil {
		return 0, err
	}
	if fl.json {
		return exitClear, printJSON(a, list)
	}
	for i := range list {
		x := &list[i]
		open := ""
		if x.Open > 0 {
			open = fmt.Sprintf(", version %d proposed", x.Open)
		}
		fmt.Fprintf(a.stdout, "%-16s  %s%s  %s\n", x.ID, legalWords(&x.Legal), open, partyWords(x.Parties))
	}
	if len(list) == 0 {
		fmt.Fprintln(a.stdout, "The party is bound by no agreement, and negotiates none.")
	}
	return exitClear, nil
}

func partyWords(ids []party.ID) string {
	var words []string
	for _, id := range ids {
		words = append(words, string(id))
	}
	return strings.Join(words, ", ")
}

// legalWords is the legal state in a word or two, and since when.
func legalWords(x *agreement.Axis) string {
	words := strings.ReplaceAll(string(x.State), "_", " ")
	if x.Version > 0 {
		words += fmt.Sprintf(", version %d", x.Version)
	}
	if x.Since != 0 {
		words += ", since " + instantWords(x.Since)
	}
	if x.By != "" {
		words += ", by " + string(x.By)
	}
	if len(x.Contested) > 0 {
		words += ", CONTESTED"
	}
	return words
}

func runAgreementShow(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("agreement", "found %d names, expected an agreement", len(args))
	}
	path := "/v1/agreements/" + url.PathEscape(args[0])
	if fl.json {
		return printPlace(ctx, a, s, fl, path, "agreement")
	}
	d, _, err := read[agreement.Detail](ctx, s, path, "agreement")
	if err != nil {
		return 0, err
	}
	w := &sheet{}
	w.line("agreement", "%s, %s of %s", d.ID, d.Kind, partyWords(d.Parties))
	w.line("state", "%s", legalWords(&d.Legal))
	describeLegal(w, &d.Legal)
	for _, v := range d.Versions {
		describeVersion(w, &v, d.Parties)
	}
	describeNotices(w, &d)
	for _, m := range d.Members {
		received := "terms not received"
		if m.Received {
			received = "terms received"
		}
		w.line("member", "%s of %s: %s", m.Member, m.Lead, received)
	}
	for i, t := range []*terms.Text{d.Text, d.Proposal} {
		if t == nil || len(t.Clauses) == 0 {
			continue
		}
		about := "text"
		if i == 1 {
			about = "proposed"
		}
		describeText(w, about, t)
	}
	_, err = fmt.Fprint(a.stdout, w.String())
	return exitClear, err
}

func describeLegal(w *sheet, x *agreement.Axis) {
	for _, c := range x.Contested {
		w.line("contested", "notice %s, by %s", c.Notice, c.By)
	}
	for _, c := range x.Coming {
		w.line("coming", "%s by %s, from %s", strings.TrimSpace(string(c.What)+" "+c.Annex), c.By, instantWords(c.From))
	}
	for _, b := range x.Blocked {
		w.line("blocked", "%s", b)
	}
	for _, n := range x.Annexes {
		w.line("annex", "%s: %s since %s", n.Annex, n.State, instantWords(n.From))
	}
}

// describeVersion says who tabled and who signed a version, and who did not yet.
func describeVersion(w *sheet, v *agreement.VersionView, parties []party.ID) {
	w.line("version", "%d, tabled by %s %s, hash %s", v.Version, v.By, instantWords(v.At), v.Hash)
	if len(v.Signed) == 0 {
		w.line("", "signed by nobody")
	}
	for _, id := range parties {
		i := slices.IndexFunc(v.Signed, func(s agreement.SignedView) bool { return s.Party == id })
		switch {
		case i >= 0:
			w.line("", "signed by %s %s (%s)", id, instantWords(v.Signed[i].At), strings.Join(v.Signed[i].Roles, ", "))
		case len(v.Signed) > 0:
			w.line("", "not signed by %s", id)
		}
	}
}

func describeNotices(w *sheet, d *agreement.Detail) {
	for _, n := range d.Notices {
		state := "from " + instantWords(n.From)
		if n.Ended {
			state = "over"
		}
		w.line("notice", "%s: %s by %s, %s", n.ID, strings.TrimSpace(string(n.What)+" "+n.Annex), n.By, state)
		w.line("", "%s", n.Reason)
	}
	if d.Resuming == nil {
		return
	}
	w.line("resuming", "%s, phase %s", d.Resuming.ID, d.Resuming.Phase)
	for _, item := range d.Resuming.Items {
		box := "[ ]"
		if item.OK {
			box = "[x]"
		}
		w.line("", "%s %s: %s", box, item.Item, strings.Join(item.Evidence, "; "))
	}
}

// describeText prints a text in its first language, with what is open in it.
func describeText(w *sheet, about string, t *terms.Text) {
	for _, p := range t.Open() {
		w.line("open", "%s", p)
	}
	language := "en"
	if !slices.Contains(t.Languages, language) {
		language = t.Languages[0]
	}
	w.line(about, "%s", strings.TrimSpace(t.Prose(language)))
}
