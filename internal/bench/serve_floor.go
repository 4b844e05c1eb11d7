package bench

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	_ "modernc.org/sqlite" // the driver

	"github.com/deconflict/deconflict/internal/f3548wire"
)

// FloorOptions are the parameters of [Floor].
type FloorOptions struct {
	Listen     string // address
	Dir        string // for its database; created
	Key        string // PEM file with the RSA public key of tokens
	Audience   string
	EntryBytes int // that a create or update makes durable; 0: 800
	EndBytes   int // that a delete makes durable; 0: 300
}

// Floor serves what any DSS has to do at least, until the context ends: HTTP,
// the check of a token (cached), decoding of the body, one synced append for
// all the writes that wait, an answer like a DSS's. It knows nothing of
// airspace and keeps nothing that could be asked for. What a DSS reaches is
// given as a share of what this reaches.
func Floor(ctx context.Context, opt FloorOptions) error {
	if opt.EntryBytes == 0 {
		opt.EntryBytes = 880
	}
	if opt.EndBytes == 0 {
		opt.EndBytes = 410
	}
	key, err := loadPublicKey(opt.Key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return err
	}
	log, err := openFloorLog(filepath.Join(opt.Dir, "floor.db"))
	if err != nil {
		return err
	}
	defer log.close()
	l, err := net.Listen("tcp", opt.Listen)
	if err != nil {
		return err
	}
	f := &floorServer{opt: opt, key: key, log: log, subjects: map[string]string{}}
	server := &http.Server{Handler: f.routes(), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Shutdown(context.WithoutCancel(ctx)) })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// loadPublicKey reads an RSA public key.
func loadPublicKey(path string) (*rsa.PublicKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: found no PEM block, expected an RSA public key", path)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: found a key of type %T, expected RSA", path, key)
	}
	return public, nil
}

type floorServer struct {
	opt FloorOptions
	key *rsa.PublicKey
	log *floorLog

	mu       sync.RWMutex
	subjects map[string]string // by token that was verified
}

func (f *floorServer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT "+intentPath+"{id}", f.put)
	mux.HandleFunc("PUT "+intentPath+"{id}/{ovn}", f.put)
	mux.HandleFunc("DELETE "+intentPath+"{id}/{ovn}", f.end)
	mux.HandleFunc("POST "+intentPath+"query", f.query)
	return mux
}

// subject returns who calls, or answers 401.
func (f *floorServer) subject(w http.ResponseWriter, r *http.Request) (string, bool) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	f.mu.RLock()
	sub, ok := f.subjects[token]
	f.mu.RUnlock()
	if ok {
		return sub, true
	}
	var claims jwt.Claims
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err == nil {
		err = parsed.Claims(f.key, &claims)
	}
	if err == nil {
		err = claims.Validate(jwt.Expected{AnyAudience: jwt.Audience{f.opt.Audience}, Time: time.Now()})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return "", false
	}
	f.mu.Lock()
	f.subjects[token] = claims.Subject
	f.mu.Unlock()
	return claims.Subject, true
}

// The body and the answers are those of F3548-21.
type (
	floorPut struct {
		Extents         []f3548wire.Volume4D `json:"extents"`
		Key             []string             `json:"key"`
		State           string               `json:"state"`
		URL             string               `json:"uss_base_url"`
		SubscriptionID  string               `json:"subscription_id"`
		NewSubscription *struct {
			URL         string `json:"uss_base_url"`
			Constraints bool   `json:"notify_for_constraints"`
		} `json:"new_subscription"`
	}
	floorReference struct {
		ID             string          `json:"id"`
		Manager        string          `json:"manager"`
		Availability   string          `json:"uss_availability"`
		Version        int             `json:"version"`
		State          string          `json:"state"`
		OVN            string          `json:"ovn"`
		TimeStart      *f3548wire.Time `json:"time_start"`
		TimeEnd        *f3548wire.Time `json:"time_end"`
		URL            string          `json:"uss_base_url"`
		SubscriptionID string          `json:"subscription_id"`
	}
	floorSubscriber struct {
		URL           string              `json:"uss_base_url"`
		Subscriptions []floorSubscription `json:"subscriptions"`
	}
	floorSubscription struct {
		ID    string `json:"subscription_id"`
		Index int    `json:"notification_index"`
	}
	floorChange struct {
		Subscribers []floorSubscriber `json:"subscribers"`
		Reference   floorReference    `json:"operational_intent_reference"`
	}
	floorQuery struct {
		Area f3548wire.Volume4D `json:"area_of_interest"`
	}
	floorAnswer struct {
		References []floorReference `json:"operational_intent_references"`
	}
)

// floorSample fills an answer where the floor has nothing to say.
var floorSample = func() floorReference {
	at := func(value string) *f3548wire.Time {
		return &f3548wire.Time{Value: value, Format: f3548wire.FormatRFC3339}
	}
	return floorReference{
		ID: "3cbd26d8-ad3d-4a91-8a4e-1f7d1e4e6a11", Manager: "bench-uss-1", Availability: "Unknown", Version: 1, State: "Accepted",
		OVN: "Available from USS", TimeStart: at("2031-05-07T09:00:00Z"), TimeEnd: at("2031-05-07T09:15:00Z"),
		URL: "https://bench-uss-1.example/f3548", SubscriptionID: "5f1b2a3c-0d4e-4f5a-9b6c-7d8e9f0a1b2c",
	}
}()

func (f *floorServer) put(w http.ResponseWriter, r *http.Request) {
	sub, ok := f.subject(w, r)
	if !ok {
		return
	}
	var body floorPut
	if !decodeFloor(w, r, &body) {
		return
	}
	ref := floorSample
	ref.ID, ref.Manager, ref.State, ref.URL = r.PathValue("id"), sub, body.State, body.URL
	if len(body.Extents) > 0 {
		ref.TimeStart, ref.TimeEnd = body.Extents[0].TimeStart, body.Extents[0].TimeEnd
	}
	status := http.StatusCreated
	ref.OVN = "ovn-1-" + ref.ID
	if r.PathValue("ovn") != "" {
		status, ref.Version, ref.OVN = http.StatusOK, 2, "ovn-2-"+ref.ID
	}
	f.change(w, status, ref, f.opt.EntryBytes)
}

func (f *floorServer) end(w http.ResponseWriter, r *http.Request) {
	sub, ok := f.subject(w, r)
	if !ok {
		return
	}
	ref := floorSample
	ref.ID, ref.Manager, ref.OVN = r.PathValue("id"), sub, r.PathValue("ovn")
	f.change(w, http.StatusOK, ref, f.opt.EndBytes)
}

// change makes a change durable and answers it.
func (f *floorServer) change(w http.ResponseWriter, status int, ref floorReference, size int) {
	entry := make([]byte, size)
	for i := 0; i < size; {
		i += copy(entry[i:], ref.ID) // no two entries alike
	}
	if err := f.log.append(entry); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerFloor(w, status, floorChange{
		Subscribers: []floorSubscriber{{URL: ref.URL, Subscriptions: []floorSubscription{{ID: ref.SubscriptionID, Index: 1}}}},
		Reference:   ref,
	})
}

func (f *floorServer) query(w http.ResponseWriter, r *http.Request) {
	if _, ok := f.subject(w, r); !ok {
		return
	}
	var body floorQuery
	if decodeFloor(w, r, &body) {
		answerFloor(w, http.StatusOK, floorAnswer{References: []floorReference{floorSample}})
	}
}

func decodeFloor(w http.ResponseWriter, r *http.Request, to any) bool {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func answerFloor(w http.ResponseWriter, status int, answer any) {
	data, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(data)
}

// floorLog appends to one table. Entries that come while a block is being
// synced make the next block.
type floorLog struct {
	db     *sql.DB
	queue  chan floorEntry
	ended  sync.WaitGroup
	cancel context.CancelFunc
}

type floorEntry struct {
	data []byte
	done chan error
}

// floorBatch bounds the entries of a block.
const floorBatch = 64

func openFloorLog(path string) (*floorLog, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(0)")
	if err != nil {
		return nil, err
	}
	if _, err := db.Exec("CREATE TABLE entries (number INTEGER PRIMARY KEY, data BLOB) STRICT"); err != nil {
		db.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &floorLog{db: db, queue: make(chan floorEntry, floorBatch), cancel: cancel}
	l.ended.Go(l.write)
	l.ended.Go(func() { l.checkpoint(ctx) })
	return l, nil
}

// append returns when the data is durable.
func (l *floorLog) append(data []byte) error {
	e := floorEntry{data, make(chan error, 1)}
	l.queue <- e
	return <-e.done
}

// close may be called when nobody appends any more.
func (l *floorLog) close() {
	close(l.queue)
	l.cancel()
	l.ended.Wait()
	l.db.Close()
}

func (l *floorLog) write() {
	var statements [floorBatch + 1]*sql.Stmt
	for first := range l.queue {
		batch, args := []floorEntry{first}, []any{first.data}
	collect:
		for len(batch) < floorBatch {
			select {
			case e, ok := <-l.queue:
				if !ok {
					break collect
				}
				batch, args = append(batch, e), append(args, e.data)
			default:
				break collect
			}
		}
		var err error
		n := len(batch)
		if statements[n] == nil {
			statements[n], err = l.db.Prepare("INSERT INTO entries (data) VALUES (?)" + strings.Repeat(", (?)", n-1))
		}
		if err == nil {
			_, err = statements[n].Exec(args...) // one statement is one transaction
		}
		for _, e := range batch {
			e.done <- err
		}
	}
}

// checkpoint copies the log into the database beside the writer.
func (l *floorLog) checkpoint(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
			l.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
		}
	}
}
