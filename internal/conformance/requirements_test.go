package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// requirements are those of a DSS: the ids of F3548-21 and InterUSS where they
// have one, and names of ours for the rules that apply to every request
// ("rule/…") and for what an id with many lines holds: operational intent
// references ("oir/…"), subscriptions ("sub/…") and constraint references
// ("cr/…").
var requirements = []struct{ id, what string }{
	{"rule/tokens", "RS256 tokens: subject, audience without port, scopes, expiry"},
	{"rule/credentials", "401 without, 401 badly signed, 401 with no scope, 403 with another scope, then the body"},
	{"rule/errors", "every refusal is a JSON object with a message"},
	{"rule/codes", "the success code of every operation"},
	{"rule/empty-elements", "an empty path element is refused, never redirected"},
	{"rule/versions", "a wrong OVN or version is 409"},
	{"rule/unknown", "an unknown id is 404"},
	{"rule/schema", "every response fits its schema"},
	{"rule/times", "times as requested, to a second"},
	{"rule/connections", "connections are kept and used again"},

	{"DSS0005,1", "create, read, update, delete operational intent references"},
	{"DSS0005,2", "query operational intent references by area"},
	{"DSS0005,3", "create, read, update, delete constraint references"},
	{"DSS0005,4", "query constraint references by area"},
	{"DSS0005,5", "subscriptions, implicit ones too"},
	{"DSS0010", "nothing precise is kept"},
	{"DSS0015", "a subscription lasts 24 h at most"},
	{"DSS0020", "one airspace, whichever instance is asked"},
	{"DSS0100,1", "availability of USSs"},
	{"DSS0100,2", "reports"},
	{"DSS0200", "traffic between instances is authenticated"},
	{"DSS0205", "traffic between instances is encrypted"},
	{"DSS0210,1a", "subscriptions: id, existence and deletion at every instance"},
	{"DSS0210,1b", "subscriptions: manager"},
	{"DSS0210,1c", "subscriptions: base URL"},
	{"DSS0210,1d", "subscriptions: area"},
	{"DSS0210,1e", "subscriptions: start and end"},
	{"DSS0210,1f", "subscriptions: version"},
	{"DSS0210,1g", "subscriptions: notify flags"},
	{"DSS0210,1h", "subscriptions: implicit flag"},
	{"DSS0210,1i", "subscriptions: notification index"},
	{"DSS0210,2a", "references: id and deletion at every instance"},
	{"DSS0210,2b", "references: manager"},
	{"DSS0210,2c", "references: base URL"},
	{"DSS0210,2d", "references: state"},
	{"DSS0210,2e", "references: area"},
	{"DSS0210,2f", "references: start and end"},
	{"DSS0210,3a", "USSs: id at every instance"},
	{"DSS0210,3b", "USSs: availability"},
	{"DSS0210,3c", "USSs: version of the availability"},
	{"DSS0210,A2-7-2,1a", "what is created is the same everywhere"},
	{"DSS0210,A2-7-2,1b", "what is updated is the same everywhere"},
	{"DSS0210,A2-7-2,1c", "in queries of intents"},
	{"DSS0210,A2-7-2,1d", "in reads of intents"},
	{"DSS0210,A2-7-2,1e", "in queries of constraints"},
	{"DSS0210,A2-7-2,1f", "in reads of constraints"},
	{"DSS0210,A2-7-2,2a", "create without all OVNs is refused"},
	{"DSS0210,A2-7-2,2b", "update without all OVNs is refused"},
	{"DSS0210,A2-7-2,3a", "a deleted intent is in no query"},
	{"DSS0210,A2-7-2,3b", "a deleted intent cannot be read"},
	{"DSS0210,A2-7-2,3c", "a deleted constraint is in no query"},
	{"DSS0210,A2-7-2,3d", "a deleted constraint cannot be read"},
	{"DSS0210,A2-7-2,4a", "a new subscription is readable everywhere and told of intents"},
	{"DSS0210,A2-7-2,4b", "creating an intent names the subscriptions"},
	{"DSS0210,A2-7-2,4c", "updating an intent names the subscriptions"},
	{"DSS0210,A2-7-2,4d", "an expired subscription is in no search"},
	{"DSS0210,A2-7-2,5a", "a deleted subscription cannot be read"},
	{"DSS0210,A2-7-2,5b", "a deleted subscription is not named on create"},
	{"DSS0210,A2-7-2,5c", "a deleted subscription is not named on update"},
	{"DSS0210,A2-7-2,6", "availability is the same everywhere"},
	{"DSS0210,A2-7-2,7", "credentials on every endpoint; what is refused changes nothing"},
	{"DSS0215", "an answer comes after the change is visible everywhere"},
	{"DSS0300", "reachable by host name"},
	{"interuss.dss.hosting.ExposeAux", "auxiliary endpoints"},
	{"interuss.f3548.ovn_request.ImplementAPI", "OVNs that the USS asks for"},
	{"SCD0100", "off-nominal states need their scope"},
	{"OPIN0035", "only the creator may change an intent"},

	{"oir/paths", "PUT, GET, DELETE and query, with a UUID of version 4"},
	{"oir/response", "reference and subscribers; manager is the subject"},
	{"oir/versions", "OVN and version change on every update and never otherwise"},
	{"oir/key", "the key holds the OVN of every other intent that meets"},
	{"oir/states", "which states are allowed with which scopes"},
	{"oir/access", "others read without the OVN, and change nothing"},
	{"oir/past-start", "extents may have begun"},
	{"oir/no-subscription", "an Accepted intent needs no subscription"},
	{"oir/explicit", "an explicit subscription covers the intent, or 400"},
	{"oir/update-without", "an update without subscription detaches it"},
	{"oir/implicit", "an implicit subscription covers the intent"},
	{"oir/implicit-moves", "a moved intent has a subscription at its new place"},
	{"oir/implicit-widens", "an implicit subscription grows with its intents"},
	{"oir/implicit-shared", "one implicit subscription may serve two intents"},
	{"oir/implicit-dies", "an implicit subscription ends with its last intent"},
	{"oir/implicit-replaces", "a new implicit subscription replaces what was"},
	{"oir/subscribers", "all subscriptions that meet are named, and their index grows"},

	{"sub/paths", "PUT, GET, DELETE and query"},
	{"sub/times", "start and end are optional on creation"},
	{"sub/body", "a write lists what meets the area, by flag"},
	{"sub/fields", "fields are echoed, the version changes on each change"},
	{"sub/search", "search by a volume; a large area is refused"},
	{"sub/owner", "only the owner's are shown"},
	{"sub/flags", "one of the flags is set"},

	{"cr/crud", "PUT, GET, DELETE and query of constraints"},
	{"cr/versions", "OVN and version as those of intents"},
	{"cr/subscribers", "those who watch constraints are named"},

	{"hostile", "hostile input gets the right status, in bounded time and memory"},
	{"isolation", "no party is shown what is another's"},
	{"http", "unknown paths and methods"},
}

// check is one thing that a DSS must do.
type check struct {
	ids  string // of the requirements that it proves, parted by blanks
	what string
	run  func(p *probe)
	// needs says on what else than HTTP the check relies, so that it cannot be
	// made of another's DSS.
	own bool
}

// checks returns all checks in the order in which they run.
func checks() []check {
	list := slices.Concat(
		tokenChecks, credentialChecks, pathChecks,
		intentChecks, keyChecks, stateChecks, queryChecks, intentSubscriptionChecks, subscriberChecks,
		subscriptionChecks, constraintChecks, availabilityChecks, reportChecks, suffixChecks,
		poolChecks, isolationChecks, nativeChecks, hostileChecks,
	)
	if os.Getenv("DECONFLICT_DSS_SLOW") != "" {
		list = append(list, slowChecks...)
	}
	return list
}

func TestConformance(t *testing.T) {
	s := newSuite(t)
	for i, c := range checks() {
		if c.own && s.node == nil {
			continue
		}
		t.Run(c.what, func(t *testing.T) {
			p := &probe{
				T: t, s: s, patch: newPatch(i, s.westDeg), began: time.Now(),
				secrets: &[]secret{}, made: &inventory{items: map[string]item{}},
			}
			t.Cleanup(p.clear)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("requirements %s", c.ids)
				}
			})
			c.run(p)
		})
	}
}

func TestEveryRequirementHasACheck(t *testing.T) {
	proven := map[string]int{}
	names := map[string]bool{}
	for _, c := range append(checks(), slowChecks...) {
		names[c.what] = true
		for _, id := range strings.Fields(c.ids) {
			proven[id]++
		}
	}
	for _, r := range requirements {
		if proven[r.id] == 0 {
			t.Errorf("no check of %s: %s", r.id, r.what)
		}
		delete(proven, r.id)
	}
	for id := range proven {
		t.Errorf("a check names %s, which is no requirement", id)
	}
	if os.Getenv("DECONFLICT_DSS_SLOW") == "" && len(names) != len(checks())+len(slowChecks) {
		t.Error("two checks have one name")
	}
}
