package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
	"authsec/internal/store"
	"authsec/internal/token"

	"github.com/go-jose/go-jose/v4"
)

const day = 24 * time.Hour

var start = time.Date(2030, 1, 1, 0, 0, 0, 123456789, time.UTC)

// deployment is what its processes share.
type deployment struct {
	store  *store.Store
	path   string
	clock  *clocktest.Clock
	master MasterKey
	keys   *keySupply
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{path: filepath.Join(t.TempDir(), "authsec.db"), clock: clocktest.At(start), keys: &keySupply{t: t}}
	d.open(t)
	var err error
	if d.master, err = CreateMasterKey(filepath.Join(t.TempDir(), "master.key"), rand.Reader); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *deployment) open(t *testing.T) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{SQLitePath: d.path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.store = s
}

// process is a keyring as one of the processes has it.
func (d *deployment) process() *Keyring {
	return &Keyring{Store: d.store, Master: d.master, Now: d.clock.Now, Log: slog.New(slog.DiscardHandler),
		MaxTokenTTL: day, NewKey: d.keys.next}
}

// ready is a process with the first key.
func (d *deployment) ready(t *testing.T) *Keyring {
	t.Helper()
	k := d.process()
	if err := k.EnsureKey(t.Context(), domain.System()); err != nil {
		t.Fatal(err)
	}
	return k
}

// exec changes the database behind the store's back.
func (d *deployment) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", d.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// keySupply hands out ready keys, because making them is slow, and makes short
// ones when they run out.
type keySupply struct {
	t     *testing.T
	mu    sync.Mutex
	ready []*rsa.PrivateKey
	given int
}

func (s *keySupply) next() (*rsa.PrivateKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready == nil {
		b, err := os.ReadFile("../../testdata/vectors/private.jwk.json")
		if err != nil {
			return nil, err
		}
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(b, &set); err != nil {
			return nil, err
		}
		for _, k := range set.Keys {
			if private, ok := k.Key.(*rsa.PrivateKey); ok && private.N.BitLen() == keyBits {
				s.ready = append(s.ready, private)
			}
		}
	}
	s.given++
	if s.given <= len(s.ready) {
		return s.ready[s.given-1], nil
	}
	return rsa.GenerateKey(rand.Reader, 1024)
}

func signer(t *testing.T, k *Keyring, now time.Time) string {
	t.Helper()
	key, err := k.Current(now)
	if err != nil {
		t.Fatal(err)
	}
	return key.KeyID()
}

func published(t *testing.T, k *Keyring, now time.Time) []string {
	t.Helper()
	d, err := k.JWKS(now)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(d.Body, &set); err != nil {
		t.Fatal(err)
	}
	kids := []string{}
	for _, key := range set.Keys {
		if !key.IsPublic() || key.Use != "sig" || key.Algorithm != "RS256" {
			t.Errorf("%s in the JWKS: public %v, use %q, alg %q", key.KeyID, key.IsPublic(), key.Use, key.Algorithm)
		}
		kids = append(kids, key.KeyID)
	}
	return kids
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want an error with %q", err, text)
	}
}

func TestKeysSurviveARestart(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	m := &token.Minter{Issuer: "i", Signer: k}
	jws, err := m.SignPayload(t.Context(), token.TypCheckpoint, []byte("head"), d.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	kid, jwks := signer(t, k, d.clock.Now()), published(t, k, d.clock.Now())
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}

	d.clock.Set(start.Add(time.Hour))
	d.open(t)
	k2 := d.ready(t)
	if got := signer(t, k2, d.clock.Now()); got != kid {
		t.Errorf("after the restart %s signs, before %s did", got, kid)
	}
	if got := published(t, k2, d.clock.Now()); len(got) != 1 || got[0] != jwks[0] {
		t.Errorf("JWKS %v, was %v", got, jwks)
	}
	again, err := (&token.Minter{Issuer: "i", Signer: k2}).SignPayload(t.Context(), token.TypCheckpoint, []byte("head"), d.clock.Now())
	if err != nil || again != jws {
		t.Errorf("the same payload was signed %s, then %s, %v", jws, again, err)
	}
	for _, keys := range []token.Keys{k2.PublicKeys(), k2.PublishedKeys(d.clock.Now())} {
		if payload, err := token.VerifyPayload(token.TypCheckpoint, jws, keys); err != nil || string(payload) != "head" {
			t.Errorf("verified %q, %v", payload, err)
		}
	}
	if head, err := d.store.ChainHead(t.Context()); err != nil || head.Seq != 1 {
		t.Errorf("%d events, %v: want the one of the first key", head.Seq, err)
	}
}

func TestGeneratedKeyIsRSA2048(t *testing.T) {
	d := deploy(t)
	k := d.process()
	k.NewKey = nil
	if err := k.EnsureKey(t.Context(), domain.System()); err != nil {
		t.Fatal(err)
	}
	infos := k.Keys(d.clock.Now())
	public, ok := infos[0].Public.Key.(*rsa.PublicKey)
	if len(infos) != 1 || !ok || public.N.BitLen() != 2048 || infos[0].Alg != "RS256" {
		t.Errorf("got %+v", infos)
	}
}

func TestAtRestNothingIsReadable(t *testing.T) {
	d := deploy(t)
	d.ready(t)
	secret := d.keys.ready[0].D.Bytes()
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(d.path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, secret) || bytes.Contains(b, []byte(`"d":`)) || !bytes.Contains(b, []byte("signing_keys")) {
			t.Errorf("%s holds a private key in the clear, or is not the database", file)
		}
	}
}

func TestWrongMasterKeyStopsTheStart(t *testing.T) {
	d := deploy(t)
	kid := signer(t, d.ready(t), d.clock.Now())
	other, err := CreateMasterKey(filepath.Join(t.TempDir(), "other.key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, master := range map[string]MasterKey{"another": other, "none": {}} {
		k := d.process()
		k.Master = master
		err := k.Load(t.Context())
		wantError(t, err, kid)
		wantError(t, k.EnsureKey(t.Context(), domain.System()), "master key")
		if _, err := k.Current(d.clock.Now()); domain.KindOf(err) != domain.Unavailable {
			t.Errorf("%s master key: signing gave %v", name, err)
		}
	}
	if keys, err := d.store.SigningKeys(t.Context()); err != nil || len(keys) != 1 {
		t.Errorf("%d keys, %v: a new one was made", len(keys), err)
	}
}

// Whoever can write the database, but has no master key, cannot make us trust
// a key, or use one when it should not be.
func TestChangedRowsStopTheStart(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, d *deployment, a, b domain.StoredKey){
		"a bit of the ciphertext": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			sealed := []byte(a.Sealed)
			i := len(sealed) / 2
			sealed[i] = map[bool]byte{true: 'A', false: 'B'}[sealed[i] != 'A']
			d.exec(t, `UPDATE signing_keys SET sealed = ? WHERE kid = ?`, string(sealed), a.KID)
		},
		"emptied": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			d.exec(t, `UPDATE signing_keys SET sealed = '' WHERE kid = ?`, a.KID)
		},
		"huge": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			d.exec(t, `UPDATE signing_keys SET sealed = ? WHERE kid = ?`, a.Sealed+strings.Repeat("A", 1<<20), a.KID)
		},
		"another algorithm": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			d.exec(t, `UPDATE signing_keys SET alg = 'none' WHERE kid = ?`, a.KID)
		},
		"signs later": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			d.exec(t, `UPDATE signing_keys SET active_at = active_at + 1 WHERE kid = ?`, a.KID)
		},
		"published later": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			d.exec(t, `UPDATE signing_keys SET published_at = published_at + 1 WHERE kid = ?`, a.KID)
		},
		"two swapped": func(t *testing.T, d *deployment, a, b domain.StoredKey) {
			d.exec(t, `UPDATE signing_keys SET sealed = CASE kid WHEN ? THEN ? ELSE ? END`, a.KID, b.Sealed, a.Sealed)
		},
		"another's name": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			d.exec(t, `UPDATE signing_keys SET kid = ? WHERE kid = ?`, strings.Repeat("A", 43), a.KID)
		},
		"planted": func(t *testing.T, d *deployment, a, _ domain.StoredKey) {
			attacker, err := CreateMasterKey(filepath.Join(t.TempDir(), "attacker.key"), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			private, row, err := d.process().newKey(0)
			if err != nil {
				t.Fatal(err)
			}
			if row.Sealed, err = attacker.seal(row, private); err != nil {
				t.Fatal(err)
			}
			d.exec(t, `INSERT INTO signing_keys (kid, alg, sealed, published_at, active_at) VALUES (?, ?, ?, ?, ?)`,
				row.KID, row.Alg, row.Sealed, row.PublishedAt.UnixMicro(), row.ActiveAt.UnixMicro())
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := deploy(t)
			running := d.ready(t)
			if _, err := running.Rotate(t.Context(), domain.System()); err != nil {
				t.Fatal(err)
			}
			rows, err := d.store.SigningKeys(t.Context())
			if err != nil || len(rows) != 2 {
				t.Fatal(rows, err)
			}
			change(t, d, rows[0], rows[1])
			wantError(t, d.process().Load(t.Context()), "load signing key ")
			// A process that runs refuses it too, and goes on with what it knows.
			wantError(t, running.Reload(t.Context()), "load signing key ")
			if got := signer(t, running, d.clock.Now()); got != rows[0].KID {
				t.Errorf("%s signs, want %s", got, rows[0].KID)
			}
		})
	}
}

func TestProcessesThatStartTogetherShareOneKey(t *testing.T) {
	d := deploy(t)
	second, err := store.Open(t.Context(), store.Options{SQLitePath: d.path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	const each = 2
	rings := make([]*Keyring, 2*each)
	for i := range rings {
		rings[i] = d.process()
		if i >= each {
			rings[i].Store = second
		}
	}
	// No one makes a key before everyone has seen that there is none.
	var all sync.WaitGroup
	all.Add(len(rings))
	var done sync.WaitGroup
	for _, k := range rings {
		k.NewKey = func() (*rsa.PrivateKey, error) {
			all.Done()
			all.Wait()
			return d.keys.next()
		}
		done.Go(func() {
			if err := k.EnsureKey(t.Context(), domain.System()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if d.keys.given != len(rings) {
		t.Fatalf("%d keys were made: no race took place", d.keys.given)
	}
	for _, k := range rings {
		if got, want := signer(t, k, d.clock.Now()), signer(t, rings[0], d.clock.Now()); got != want || len(published(t, k, d.clock.Now())) != 1 {
			t.Errorf("%s signs here, %s there", got, want)
		}
	}
	if head, err := d.store.ChainHead(t.Context()); err != nil || head.Seq != 1 {
		t.Errorf("%d events, %v: want one", head.Seq, err)
	}
}

// failing is a store that is away.
type failing struct{ Store }

func (failing) SigningKeys(context.Context) ([]domain.StoredKey, error) {
	return nil, domain.Errorf(domain.Unavailable, "temporarily_unavailable", "The database cannot be reached.")
}

func TestOutageKeepsTheKeysForAWhile(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	kid := signer(t, k, d.clock.Now())
	k.Store = failing{k.Store}
	d.clock.Set(start.Add(MaxStaleness))
	if err := k.Reload(t.Context()); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("reload: %v", err)
	}
	if got := k.LoadedAt(); !got.Equal(start) {
		t.Errorf("loaded at %s, want %s", got, start)
	}
	if got := signer(t, k, d.clock.Now()); got != kid {
		t.Errorf("%s signs, want %s", got, kid)
	}
	d.clock.Set(start.Add(MaxStaleness + 1))
	_, err := k.Current(d.clock.Now())
	if e := (*domain.Error)(nil); !errors.As(err, &e) || e.Kind != domain.Unavailable || e.RetryAfter == 0 {
		t.Errorf("with stale keys: %v", err)
	}
	if got := published(t, k, d.clock.Now()); len(got) != 1 || got[0] != kid {
		t.Errorf("JWKS %v: it must outlast an outage", got)
	}
}

func TestRunReloadsAndLogsAnOutageOnce(t *testing.T) {
	d := deploy(t)
	k := d.ready(t)
	other := d.process()
	var out bytes.Buffer
	k.Log = slog.New(slog.NewTextHandler(&out, nil))
	working := k.Store

	ctx, cancel := context.WithCancel(t.Context())
	tick := make(chan time.Time)
	ended := make(chan struct{})
	go func() { k.Run(ctx, tick); close(ended) }()

	if _, err := other.Rotate(t.Context(), domain.System()); err != nil {
		t.Fatal(err)
	}
	tick <- start
	tick <- start // taken only when the first reload is done
	if got := published(t, k, d.clock.Now()); len(got) != 2 {
		t.Errorf("JWKS %v after a rotation elsewhere", got)
	}
	swap := func(s Store) { // between two reloads, under the lock they take
		k.reloading.Lock()
		defer k.reloading.Unlock()
		k.Store = s
	}
	swap(failing{working})
	for range 5 {
		tick <- start
	}
	swap(working)
	tick <- start
	tick <- start
	cancel()
	<-ended
	if log := out.String(); strings.Count(log, "level=ERROR") != 1 || strings.Count(log, "reloaded again") != 1 {
		t.Errorf("logged:\n%s", log)
	}
}

func TestRunEndsWithItsTicks(t *testing.T) {
	k := deploy(t).ready(t)
	tick := make(chan time.Time)
	close(tick)
	k.Run(t.Context(), tick) // must return, and not spin
}

func TestBrokenKeyMakerChangesNothing(t *testing.T) {
	d := deploy(t)
	k := d.process()
	broken := errors.New("no entropy")
	k.NewKey = func() (*rsa.PrivateKey, error) { return nil, broken }
	if err := k.EnsureKey(t.Context(), domain.System()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if d.exists(t) {
		t.Error("a key was stored")
	}
}

func (d *deployment) exists(t *testing.T) bool {
	t.Helper()
	keys, err := d.store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(keys) > 0
}
