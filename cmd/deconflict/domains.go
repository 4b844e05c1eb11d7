package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/intent"
)

// Domains that need little beyond their acts.

var zoneVerbs = []verb{
	{name: "list", about: "zones that parties declared", run: runZoneList},
}

var zoneUsage = actUsage("zone", "Declares areas: no entry, entry with contact, call first, dividing line or\nadvisory. One that its owner alone declared is shown as that.", zoneVerbs)

var offerVerbs = []verb{
	{name: "list", about: "offers that the party is in, open ones first", run: runOfferList},
	{name: "show", args: "OFFER", about: "what it asks of each side, and what became of it", run: reading("offer", "/v1/offers/", "offer")},
	{name: "accept", args: "OFFER", about: "accept exactly what 'show' shows of it", run: runOfferAccept},
	{name: "reject", args: "OFFER", brief: []string{"offer"}, about: "reject it; give a reason"},
}

var offerUsage = actUsage("offer", "Settles a conflict by offer and answer: who does what, by when. Nobody's silence\nis consent.", offerVerbs)

var noticeVerbs = []verb{
	{name: "show", args: "NOTICE", about: "a notice, how surely its place is known, and how far word of it got", run: reading("notice", "/v1/notices/", "notice")},
	{name: "near", args: "LAT,LNG RADIUS", about: "protected sites near a place that were made known to the party", run: runNoticeNear},
}

var noticeUsage = actUsage("notice", "Gives notice of protected sites and movements, and says how far word of one got.\nA notice asks nobody's leave and promises nothing: duties under law are as they\nwere.", noticeVerbs)

var bearerVerbs = []verb{
	{name: "show", args: "PARTY", about: "how a party can be reached now, and since when", run: reading("bearer", "/v1/links/", "link")},
}

var bearerUsage = actUsage("bearer", "Tests the lines between parties, both ways, and says since when one is silent.", bearerVerbs)

var incidentVerbs = []verb{
	{name: "list", about: "incidents that the party is involved in", run: listing("incident", "/v1/incidents", "ids")},
	{name: "show", args: "INCIDENT", about: "each side's account, and what both agree on", run: reading("incident", "/v1/incidents/", "incident")},
}

var incidentUsage = actUsage("incident", "Reports what went wrong, keeps each side's account, and finds what both agree on.\nIt says what happened, not who is to blame.", incidentVerbs)

var releaseUsage = actUsage("release", "Says which members of the party's intents others may see, and logs looks at\nwhat is protected.", nil)

var recordVerbs = []verb{
	{name: "compare", args: "PARTY", about: "whether the party and another verified one history", run: reading("record", "/v1/heads/", "heads")},
}

var recordUsage = actUsage("record", "Countersigns entries of the journal, and tells heads that were verified.", recordVerbs)

func runZoneList(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 0 {
		return 0, usagef("zone", "found %q, expected nothing", args[0])
	}
	zones, _, err := read[[]intent.ZoneDecided](ctx, s, "/v1/zones", "zones")
	if err != nil {
		return 0, err
	}
	if fl.json {
		return exitClear, printJSON(a, zones)
	}
	for i := range zones {
		z, w := &zones[i], &sheet{}
		w.line("zone", "%s, version %d, of %s", z.ID, z.Version, z.Owner)
		w.line("name", "%s", z.Name)
		w.line("kind", "%s, %s", z.Kind, z.State)
		shape := declared.Shape{Volumes: z.Volumes}
		w.line("where", "%s", strings.Join(shapeLines(&shape), "\n"))
		w.line("contact", "%s", strings.TrimSpace(z.Contact+" "+z.Primary+" "+z.Secondary))
		w.line("conditions", "%s", z.Conditions)
		if _, err := fmt.Fprintln(a.stdout, w); err != nil {
			return 0, err
		}
	}
	if len(zones) == 0 {
		fmt.Fprintln(a.stdout, "Nobody declared a zone.")
	}
	return exitClear, nil
}

func runOfferList(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 0 {
		return 0, usagef("offer", "found %q, expected nothing", args[0])
	}
	return printPlace(ctx, a, s, fl, "/v1/offers", "offers")
}

// runOfferAccept accepts an offer as it is now, and says what that is.
func runOfferAccept(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("offer", "found %d names, expected one offer", len(args))
	}
	raw, _, err := read[map[string]any](ctx, s, "/v1/offers/"+url.PathEscape(args[0]), "offer")
	if err != nil {
		return 0, err
	}
	if !fl.json && !fl.print {
		fmt.Fprintln(a.stdout, strings.Join(outline(nil, "  ", raw["undertakings"]), "\n"))
	}
	return fl.act(ctx, a, s, "offer.accept", map[string]any{"offer": args[0], "digest": raw["digest"]})
}

func runNoticeNear(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 2 {
		return 0, usagef("notice", "found %d arguments, expected LAT,LNG and a radius such as 5NM", len(args))
	}
	place, err := parsePlace(args[0])
	if err != nil {
		return 0, &inputError{err}
	}
	radiusMM, err := geodesy.ParseLength(args[1])
	if err != nil {
		return 0, &inputError{err}
	}
	return printPlace(ctx, a, s, fl, fmt.Sprintf("/v1/sites?lat_e9=%d&lng_e9=%d&radius_mm=%d", place.LatE9, place.LngE9, radiusMM), "sites")
}
