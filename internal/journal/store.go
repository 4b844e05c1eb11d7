package journal

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	"modernc.org/sqlite"
)

const (
	databaseFile = "journal.db"
	walFile      = "journal.db-wal"
	formatName   = "deconflict journal v1"
)

// schema. An entry's leaf hash is stored beside it so that the incomplete last
// tile needs no hashing at start; crc finds damage at a fraction of the cost of
// the Merkle tree, which fsck checks.
const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE entries (idx INTEGER PRIMARY KEY, seed BLOB NOT NULL, leaf BLOB NOT NULL, crc INTEGER NOT NULL, event BLOB NOT NULL) STRICT;
CREATE TABLE tiles (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, hashes BLOB NOT NULL) STRICT;
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, root BLOB NOT NULL, checkpoint BLOB NOT NULL) STRICT;
`

// insertRows is how many entries one statement inserts. Measured on a block of
// 32: 8 rows 137 µs, 32 rows 150 µs, single rows 168 µs, as the driver looks
// for each parameter among all.
const insertRows = 8

// store is the SQLite database. One connection writes, one copies the WAL into
// the database, a few read; SQLite lets them work side by side.
type store struct {
	dir     string
	write   *sql.DB
	conn    *sql.Conn // the one that writes
	backup  *sql.DB   // the one that copies the WAL
	read    *sql.DB
	begin   *sql.Stmt
	commit  *sql.Stmt
	insert1 *sql.Stmt
	insertN *sql.Stmt
	addTile *sql.Stmt
	setHead *sql.Stmt
	args    []any
}

// identity is what a journal is, and whose.
type identity struct{ format, origin, verifier string }

// openStore opens the database of a directory for reading. Such a connection
// leaves database and WAL as they are, whatever is in them.
func openStore(dir string, readOnly bool) (*store, error) {
	s := &store{dir: dir}
	if _, err := os.Stat(s.file()); err != nil {
		if readOnly || !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := s.openWriter(); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	query := "mode=ro&_pragma=busy_timeout(10000)"
	if readOnly && !canWrite(dir) {
		// SQLite keeps an index of the WAL in shared memory beside it.
		if info, err := os.Stat(filepath.Join(dir, walFile)); err == nil && info.Size() > 0 {
			return nil, fmt.Errorf("%s: found a directory that cannot be written with a %s in it; expected a directory that can be written, or a copy of it, to read what is in that file", dir, walFile)
		}
		query += "&immutable=1"
	}
	var err error
	if s.read, err = sql.Open("sqlite", source(s.file(), query)); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(8)
	return s, nil
}

func (s *store) file() string { return filepath.Join(s.dir, databaseFile) }

// openWriter opens the connections that write, unless they are open.
func (s *store) openWriter() error {
	if s.write != nil {
		return nil
	}
	var err error
	if s.write, err = sql.Open("sqlite", source(s.file(), "mode=rwc&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(0)")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.conn, err = s.write.Conn(context.Background()); err != nil {
		return s.fault("opening", err)
	}
	// After a failure the WAL stays as it is for the next start; otherwise Close
	// empties it.
	err = s.conn.Raw(func(conn any) error {
		_, err := conn.(sqlite.FileControl).FileControlPersistWAL("main", 1)
		return err
	})
	if err != nil {
		return s.fault("opening", err)
	}
	if s.backup, err = sql.Open("sqlite", source(s.file(), "mode=rw&_pragma=busy_timeout(50)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(0)")); err != nil {
		return err
	}
	s.backup.SetMaxOpenConns(1)
	return os.Chmod(s.file(), 0o600)
}

func source(file, query string) string {
	u := url.URL{Scheme: "file", Path: file, RawQuery: query}
	if !filepath.IsAbs(file) {
		u = url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: query}
	}
	return u.String()
}

// canWrite tells whether files can be made in a directory.
func canWrite(dir string) bool {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}

func (s *store) close() error {
	var errs []error
	for _, st := range []*sql.Stmt{s.begin, s.commit, s.insert1, s.insertN, s.addTile, s.setHead} {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	// The writer last: whoever is last decides what becomes of the WAL.
	for _, db := range []*sql.DB{s.read, s.backup, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// fault turns what SQLite says of a damaged file into a CorruptError.
func (s *store) fault(place string, err error) error {
	const (
		corrupt, notADatabase = 11, 26
		shortRead             = 10 | 2<<8
	)
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == corrupt || e.Code() == notADatabase || e.Code() == shortRead) {
		return &CorruptError{databaseFile, place, e.Error(), "an intact SQLite database"}
	}
	return fmt.Errorf("%s, %s: %w", filepath.Join(s.dir, databaseFile), place, err)
}

// identity reads the table meta; nil when the database is empty.
func (s *store) identity() (*identity, error) {
	const place = "table meta"
	var tables int
	if err := s.read.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return nil, s.fault(place, err)
	}
	if tables == 0 {
		return nil, nil
	}
	var id identity
	for name, value := range map[string]*string{"format": &id.format, "origin": &id.origin, "verifier_key": &id.verifier} {
		if err := s.read.QueryRow("SELECT value FROM meta WHERE name = ?", name).Scan(value); isMissing(err) {
			return nil, &CorruptError{databaseFile, place, "no row " + name, "one"}
		} else if err != nil {
			return nil, s.fault(place, err)
		}
	}
	return &id, nil
}

// create makes the tables of a new journal in one transaction and has the
// directory remember the new file.
func (s *store) create(id identity, checkpoint []byte) error {
	if err := s.openWriter(); err != nil {
		return err
	}
	tx, err := s.conn.BeginTx(context.Background(), nil)
	if err != nil {
		return s.fault("making the tables", err)
	}
	defer tx.Rollback() // does nothing once committed
	for _, statement := range strings.Split(strings.TrimSpace(schema), ";\n") {
		if _, err := tx.Exec(statement); err != nil {
			return s.fault("making the tables", err)
		}
	}
	if _, err := tx.Exec("INSERT INTO meta VALUES ('format', ?), ('origin', ?), ('verifier_key', ?)", id.format, id.origin, id.verifier); err != nil {
		return s.fault("making the tables", err)
	}
	if _, err := tx.Exec("INSERT INTO head VALUES (0, 0, ?, ?)", emptyRoot[:], checkpoint); err != nil {
		return s.fault("making the tables", err)
	}
	if err := tx.Commit(); err != nil {
		return s.fault("making the tables", err)
	}
	return syncDir(s.dir)
}

// prepareWrites opens the connections that write and prepares what block runs.
func (s *store) prepareWrites() error {
	if err := s.openWriter(); err != nil {
		return err
	}
	row := "(?,?,?,?,?)"
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.begin, "BEGIN IMMEDIATE"},
		{&s.commit, "COMMIT"},
		{&s.insert1, "INSERT INTO entries VALUES " + row},
		{&s.insertN, "INSERT INTO entries VALUES " + strings.Repeat(row+",", insertRows-1) + row},
		{&s.addTile, "INSERT INTO tiles VALUES (?,?,?)"},
		{&s.setHead, "UPDATE head SET size = ?, root = ?, checkpoint = ?"},
	} {
		var err error
		if *p.stmt, err = s.conn.PrepareContext(context.Background(), p.text); err != nil {
			return s.fault("preparing to write", err)
		}
	}
	return nil
}

// block writes entries, tiles and the head in one transaction. When it returns
// without error they are on disk.
func (s *store) block(rows []entryRow, tiles []tile, head Head, checkpoint []byte) error {
	ctx := context.Background()
	if _, err := s.begin.ExecContext(ctx); err != nil {
		return s.fault("beginning a block", err)
	}
	for len(rows) > 0 {
		stmt, n := s.insert1, 1
		if len(rows) >= insertRows {
			stmt, n = s.insertN, insertRows
		}
		s.args = s.args[:0]
		for i := range rows[:n] {
			r := &rows[i]
			s.args = append(s.args, r.index, r.seed, r.leaf[:], int64(r.crc), r.event)
		}
		if _, err := stmt.ExecContext(ctx, s.args...); err != nil {
			return s.fault(fmt.Sprintf("inserting entry %d", rows[0].index), err)
		}
		rows = rows[n:]
	}
	clear(s.args)
	for _, t := range tiles {
		if _, err := s.addTile.ExecContext(ctx, tileID(t.level, t.n), int64(tileCRC(t.level, t.n, t.data)), t.data); err != nil {
			return s.fault(fmt.Sprintf("inserting tile %d of level %d", t.n, t.level), err)
		}
	}
	if _, err := s.setHead.ExecContext(ctx, head.Size, head.Root[:], checkpoint); err != nil {
		return s.fault("writing the head", err)
	}
	if _, err := s.commit.ExecContext(ctx); err != nil {
		return s.fault("committing a block", err)
	}
	return nil
}

// entryRow is a row of the table entries.
type entryRow struct {
	index int64
	seed  []byte
	leaf  tlog.Hash
	crc   uint32
	event []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// entryCRC covers the index too, so that a row in another's place is found.
func entryCRC(index int64, seed, event []byte) uint32 {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(index))
	return crc32.Update(crc32.Update(crc32.Checksum(n[:], castagnoli), castagnoli, seed), castagnoli, event)
}

func tileCRC(level int, n int64, data []byte) uint32 {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(tileID(level, n)))
	return crc32.Update(crc32.Checksum(id[:], castagnoli), castagnoli, data)
}

// tileID is the row of a tile: tiles of one level lie together.
func tileID(level int, n int64) int64 { return int64(level)<<56 | n }
