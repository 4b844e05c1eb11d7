package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var hostileChecks = []check{
	{ids: "hostile rule/errors", what: "bodies that are no good JSON", run: badJSON},
	{ids: "hostile", what: "large shapes", run: largeShapes},
	{ids: "hostile", what: "large keys and lists", run: largeLists},
	{ids: "hostile", what: "bodies without end", run: endlessBodies},
	{ids: "hostile", what: "long paths and headers", run: longHeads},
	{ids: "hostile", what: "slow bodies do not stop others", run: slowBodies},
	{ids: "hostile", what: "text of every kind", run: oddText},
	{ids: "hostile", what: "the node is well after all this", run: stillWell, own: true},
}

// slowChecks take a minute, and run where DECONFLICT_DSS_SLOW says so.
var slowChecks = []check{
	{ids: "rule/connections", what: "a connection stays open for 57 s", run: idleConnection},
	{ids: "hostile", what: "a body that stops is given up", run: stoppedBody},
}

func badJSON(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeManagement, scopeArbitration)
	good := string(encode(p.T, alder.intent(here)))
	area := string(encode(p.T, object{"area_of_interest": p.volume(here)}))
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			p.Fatalf("%s is not there", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	intents := map[string]string{
		"trailing brace":       good + "}",
		"trailing text":        good + " x",
		"two values":           good + good,
		"cut":                  good[:len(good)-1],
		"state twice":          replace(`"state":"Accepted"`, `"state":"Accepted","state":"Activated"`),
		"state twice, same":    replace(`"state":"Accepted"`, `"state":"Accepted","state":"Accepted"`),
		"extents twice":        replace(`"extents":`, `"extents":[],"extents":`),
		"twice, escaped":       replace(`"state":"Accepted"`, `"state":"Accepted","st\u0061te":"Accepted"`),
		"inner member twice":   replace(`"units":"M"`, `"units":"M","units":"M"`),
		"latitude twice":       replace(`"lat":`, `"lat":1,"lat":`),
		"not UTF-8":            replace(`"state"`, "\"x\":\"\xff\xfe\",\"state\""),
		"not UTF-8 in URL":     replace(`https://`, "https://\xc3\x28"),
		"UTF-16":               "\xff\xfe{\x00}\x00",
		"byte order mark":      "\xef\xbb\xbf" + good,
		"NaN":                  replace(`"value":100`, `"value":NaN`),
		"Infinity":             replace(`"value":100`, `"value":Infinity`),
		"1e999":                replace(`"value":100`, `"value":1e999`),
		"number with plus":     replace(`"value":100`, `"value":+100`),
		"number with zero":     replace(`"value":100`, `"value":0100`),
		"hexadecimal":          replace(`"value":100`, `"value":0x64`),
		"comment":              replace(`"state"`, `/* */"state"`),
		"comma at the end":     replace(`"key":[]`, `"key":[],`+"\n") + ",",
		"single quotes":        strings.ReplaceAll(good, `"`, `'`),
		"control character":    replace(`https://`, "https://\x01"),
		"deep lists":           strings.Repeat("[", 100_000),
		"deep objects":         strings.Repeat(`{"x":`, 100_000),
		"deep and closed":      strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000),
		"deep unknown member":  replace(`"state"`, `"x":`+strings.Repeat("[", 50_000)+strings.Repeat("]", 50_000)+`,"state"`),
		"only white space":     " \n ",
		"NUL":                  "\x00",
		"a URL-encoded form":   "state=Accepted&extents=",
		"many digits, no sign": replace(`"value":100`, `"value":1`+strings.Repeat("0", 5000)),
	}
	for name, body := range intents {
		p.each(name, func(p *probe) {
			alder, id := alder.in(p), newID()
			alder.do("PUT", intentsPath+"/"+id, body, 400)
			alder.noIntent(id)
		})
	}
	for name, change := range map[string]func(string) string{
		"area trailing": func(s string) string { return s + "x" },
		"area twice":    func(s string) string { return s[:len(s)-1] + "," + s[1:] },
		"area deep":     func(string) string { return strings.Repeat("[", 100_000) },
		"area no UTF-8": func(s string) string { return strings.Replace(s, "W84", "W8\xff", 1) },
	} {
		p.each(name, func(p *probe) {
			for _, path := range []string{intentsPath, constraintsPath, subscriptionsPath} {
				alder.in(p).do("POST", path+"/query", change(area), 400)
			}
		})
	}
	p.each("availability twice", func(p *probe) {
		alder.in(p).do("PUT", availabilityPath+"/"+newID(), `{"old_version":"","availability":"Down","availability":"Normal"}`, 400)
	})
	p.equal("what was refused is found", alder.queryIntents(p.volume(here)), []string{})
}

// ring returns a polygon of n vertices around the middle of the patch.
func (p *probe) ring(n int, radiusM float64) object {
	vertices := make([]any, n)
	for i := range vertices {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		at := p.patch.point(radiusM*sin, radiusM*cos)
		at["lat"] = p.patch.latDeg + radiusM*cos/metresPerDegree // with all digits, so that no two agree
		vertices[i] = at
	}
	v := p.volume(here)
	return v.set("volume", v["volume"].(object).set("outline_polygon", object{"vertices": vertices}))
}

// largeShapes may be taken or refused as too large, but must be answered.
func largeShapes(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeManagement)
	p.each("10,000 vertices", func(p *probe) {
		alder, v := alder.in(p), p.ring(10_000, 2000)
		if made := alder.do("PUT", intentsPath+"/"+newID(), alder.intent().set("extents", []any{v}), 201, 400, 413); made.is(201) {
			p.equal("found", alder.queryIntents(p.circle(here, 10)), []string{made.change().ID})
			alder.deleteIntent(made.change().ID, made.change().OVN)
		}
		alder.do("POST", intentsPath+"/query", object{"area_of_interest": v}, 200, 400, 413)
	})
	for _, n := range []int{20_000, 100_000} {
		p.each(fmt.Sprint(n, " vertices"), func(p *probe) {
			alder.in(p).do("PUT", intentsPath+"/"+newID(), alder.in(p).intent().set("extents", []any{p.ring(n, 2000)}), 400, 413)
		})
	}
	p.each("a comb of 2,000 teeth", func(p *probe) {
		vertices := []any{}
		for i := range 2000 {
			vertices = append(vertices, p.patch.point(float64(i)*2, 0), p.patch.point(float64(i)*2+1, 3000))
		}
		vertices = append(vertices, p.patch.point(4000, -10), p.patch.point(0, -10))
		v := p.volume(here)
		v = v.set("volume", v["volume"].(object).set("outline_polygon", object{"vertices": vertices}))
		alder.in(p).do("POST", intentsPath+"/query", object{"area_of_interest": v}, 200, 400, 413)
	})
	for name, v := range map[string]object{
		"a circle of 1,000 km":  p.circle(here.during(3000, 3001), 1_000_000),
		"a circle of 20,000 km": p.circle(here.during(3000, 3001), 20_000_000),
		"a circle of 1e300 m":   p.circle(here.during(3000, 3001), 1e300),
		"a circle of 1e-300 m":  p.circle(here.during(3000, 3001), 1e-300),
	} {
		p.each(name, func(p *probe) {
			alder := alder.in(p)
			for range 5 {
				made := alder.do("PUT", intentsPath+"/"+newID(), alder.intent().set("extents", []any{v}), 201, 400, 413)
				if made.is(201) {
					alder.deleteIntent(made.change().ID, made.change().OVN)
				}
				alder.do("PUT", subscriptionsPath+"/"+newID(), alder.watch(here).set("extents", v), 200, 400, 413)
				for _, path := range []string{intentsPath, constraintsPath, subscriptionsPath} {
					alder.do("POST", path+"/query", object{"area_of_interest": v}, 200, 400, 413)
				}
			}
		})
	}
}

func largeLists(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	first := alder.putIntent(newID(), "", alder.intent(here))
	key := make([]string, 100_000)
	for i := range key {
		key[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d_%036d", i, i)
	}
	p.each("100,000 keys", func(p *probe) {
		birch := birch.in(p)
		birch.do("PUT", intentsPath+"/"+newID(), birch.intent(here).set("key", key), 400, 409, 413)
		made := birch.do("PUT", intentsPath+"/"+newID(), birch.intent(here).set("key", append(key, first.OVN)), 201, 400, 413)
		if made.is(201) {
			birch.deleteIntent(made.change().ID, made.change().OVN)
		}
	})
	p.each("a key of a megabyte", func(p *probe) {
		birch.in(p).do("PUT", intentsPath+"/"+newID(), birch.in(p).intent(here).set("key", []string{strings.Repeat("x", 1<<20)}), 400, 409, 413)
	})
	p.each("10,000 extents", func(p *probe) {
		alder := alder.in(p)
		blocks := make([]box, 10_000)
		for i := range blocks {
			blocks[i] = here.move(float64(i%100)*40, 1000+float64(i/100)*40)
		}
		made := alder.do("PUT", intentsPath+"/"+newID(), alder.intent(blocks...), 201, 400, 413)
		if made.is(201) {
			alder.deleteIntent(made.change().ID, made.change().OVN)
		}
	})
	p.each("a base URL of a megabyte", func(p *probe) {
		alder := alder.in(p)
		alder.do("PUT", intentsPath+"/"+newID(), alder.intent(here.move(0, 3000)).set("uss_base_url", "https://alder.example/"+strings.Repeat("x", 1<<20)), 400, 413)
	})
}

// dial opens a connection of its own to the DSS.
func (p *probe) dial() net.Conn {
	p.Helper()
	u, err := url.Parse(p.s.instances[0].base)
	if err != nil || u.Scheme != "http" {
		p.Fatalf("found %s, expected a DSS without TLS", p.s.instances[0].base)
	}
	c, err := net.DialTimeout("tcp", u.Host, requestLimit)
	if err != nil {
		p.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(requestLimit)); err != nil {
		p.Fatal(err)
	}
	return c
}

// head returns the head of a request that creates an intent.
func (p *probe) head(more string) string {
	token := p.s.token(p.T, claims{"sub": "uss-alder", "scope": scopeStrategic, "aud": p.s.instances[0].audience})
	return "PUT " + intentsPath + "/" + newID() + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
		"\r\nContent-Type: application/json\r\n" + more + "\r\n"
}

// endlessBodies are refused before they were read, and the connection ends.
func endlessBodies(p *probe) {
	for name, more := range map[string]string{
		"a length of 1 TiB": "Content-Length: 1099511627776\r\n",
		"chunks":            "Transfer-Encoding: chunked\r\n",
	} {
		p.each(name, func(p *probe) {
			c := p.dial()
			defer c.Close()
			go func() { // until the server hangs up
				if _, err := io.WriteString(c, p.head(more)+"\r\n"); err != nil {
					return
				}
				chunk := strings.Repeat(" ", 1<<16)
				if more[0] == 'T' {
					chunk = "10000\r\n" + chunk + "\r\n"
				}
				for {
					if _, err := io.WriteString(c, chunk); err != nil {
						return
					}
				}
			}()
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				// The server may have hung up on what was still being sent.
				var late net.Error
				if errors.As(err, &late) && late.Timeout() {
					p.Errorf("no answer within %s", requestLimit)
				}
				return
			}
			defer res.Body.Close()
			if res.StatusCode != 413 && res.StatusCode != 400 {
				p.Errorf("found %d, expected 413 or 400", res.StatusCode)
			}
		})
	}
}

func longHeads(p *probe) {
	token := "Bearer " + p.s.token(p.T, claims{})
	for name, path := range map[string]string{
		"id":      intentsPath + "/" + strings.Repeat("x", 100_000),
		"ovn":     intentsPath + "/" + newID() + "/" + strings.Repeat("x", 100_000),
		"slashes": intentsPath + strings.Repeat("/", 50_000),
		"escapes": intentsPath + "/" + strings.Repeat("%41", 30_000),
		"query":   intentsPath + "/" + newID() + "?" + strings.Repeat("x", 100_000),
		"uss":     availabilityPath + "/" + strings.Repeat("x", 100_000),
	} {
		p.each(name, func(p *probe) {
			if a := p.exchange(0, "GET", path, token, nil); !a.is(400, 404, 405, 414, 431) {
				p.Errorf("found %d, expected 400, 404, 405, 414 or 431", a.status)
			}
		})
	}
	p.each("4 MB of header", func(p *probe) {
		c := p.dial()
		defer c.Close()
		go func() { _, _ = io.WriteString(c, p.head("X-Filler: "+strings.Repeat("x", 4<<20)+"\r\n")) }()
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return // hung up on
		}
		defer res.Body.Close()
		if res.StatusCode != 431 && res.StatusCode != 400 {
			p.Errorf("found %d, expected 431 or 400", res.StatusCode)
		}
	})
}

func slowBodies(p *probe) {
	for range 100 {
		c := p.dial()
		defer c.Close()
		if _, err := io.WriteString(c, p.head("Content-Length: 5000\r\n")+`{"extents":[`); err != nil {
			p.Fatal(err)
		}
	}
	alder := p.uss("uss-alder")
	for range 20 {
		made := alder.putIntent(newID(), "", alder.intent(here))
		alder.deleteIntent(made.ID, made.OVN)
	}
}

func oddText(p *probe) {
	for i, text := range []string{
		`"; DROP TABLE entries; --`, "<script>alert(1)</script>", "\u202e\u0000", "%00%0a", "\U0001F681", "a\r\nX-Injected: 1", "../../etc/passwd",
		strings.Repeat("\u0301", 500),
	} {
		p.each(fmt.Sprint(i), func(p *probe) {
			alder := p.uss("uss-alder", scopeStrategic, scopeArbitration)
			body := alder.intent(here).set("uss_base_url", text)
			alder.do("PUT", intentsPath+"/"+newID(), body, 400)
			alder.putIntent(newID(), "", alder.intent(here).set("state", text), 400)
			alder.putIntent(newID(), "", alder.intent(here.move(0, 2000)).set("subscription_id", text), 400)
			a := alder.do("GET", availabilityPath+"/"+url.PathEscape(text), nil, 200, 400, 404)
			if a.header.Get("X-Injected") != "" {
				p.Error("a header came through")
			}
			if a.is(200) {
				p.equal("USS", a.availability().Status.USS, text)
			}
			alder.do("GET", intentsPath+"/"+url.PathEscape(text), nil, 400, 404)
		})
	}
}

func stillWell(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.intent(here))
	alder.deleteIntent(made.ID, made.OVN)
	peak, err := p.s.node.memoryPeakMB()
	if err != nil {
		p.Fatal(err)
	}
	if peak > 1024 {
		p.Errorf("found a peak of %d MB, expected 1 GB at most", peak)
	}
	p.Logf("peak %d MB", peak)
	if said := p.s.node.Said(); strings.Contains(said, "panic") {
		p.Errorf("the log tells of a panic: %s", cutText(said[strings.Index(said, "panic"):], 2000))
	}
}

func idleConnection(p *probe) {
	c := p.dial()
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		p.Fatal(err)
	}
	r := bufio.NewReader(c)
	for i := range 2 {
		if i > 0 {
			<-time.After(57 * time.Second)
		}
		if _, err := io.WriteString(c, p.head("Content-Length: 2\r\n")+"{}"); err != nil {
			p.Fatal(err)
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			p.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			p.Fatal(err)
		}
		p.equal("status", res.StatusCode, 400)
	}
}

func stoppedBody(p *probe) {
	c := p.dial()
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		p.Fatal(err)
	}
	if _, err := io.WriteString(c, p.head("Content-Length: 5000\r\n")+`{"extents":[`); err != nil {
		p.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		p.Errorf("found %v, expected an answer or the end of the connection", err)
	}
}
