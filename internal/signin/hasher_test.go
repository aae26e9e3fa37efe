package signin

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"authsec/internal/domain"
)

func TestHashVerifies(t *testing.T) {
	h := NewHasher(1, 0)
	hash, err := h.Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash.Reveal(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash has other parameters than OWASP's: %s", hash.Reveal())
	}
	for password, want := range map[domain.Secret]bool{goodPassword: true, nextPassword: false, "": false} {
		ok, rehash, err := h.Verify(t.Context(), hash, password)
		if err != nil || ok != want || rehash {
			t.Errorf("Verify(%q) = %t, rehash %t, %v; want %t", password.Reveal(), ok, rehash, err, want)
		}
	}
	other, err := h.Hash(t.Context(), goodPassword)
	if err != nil || other == hash {
		t.Errorf("two hashes of one password are equal: the salt is not random (%v)", err)
	}
}

func TestOldParametersAskForRehash(t *testing.T) {
	old, h := newHasher(cheapParams(), 1, 0), NewHasher(1, 0)
	hash, err := old.Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if ok, rehash, err := h.Verify(t.Context(), hash, goodPassword); !ok || !rehash || err != nil {
		t.Errorf("right password: %t, rehash %t, %v", ok, rehash, err)
	}
	if ok, rehash, err := h.Verify(t.Context(), hash, nextPassword); ok || rehash || err != nil {
		t.Errorf("wrong password: %t, rehash %t, %v", ok, rehash, err)
	}
}

// Without a hash the work is that of a real one, and nothing matches.
func TestNoHashCostsTheSame(t *testing.T) {
	h := NewHasher(1, 0)
	p, err := readParams(h.dummy)
	if err != nil || p != params() {
		t.Fatalf("dummy hash has parameters %+v, %v; want %+v", p, err, params())
	}
	long := domain.Secret(strings.Repeat("x", maxPasswordBytes+1))
	for i, password := range []domain.Secret{"", goodPassword, long} {
		ok, _, err := h.Verify(t.Context(), "", password)
		if ok || err != nil {
			t.Errorf("Verify without a hash = %t, %v", ok, err)
		}
		if h.Runs() != uint64(i+1) {
			t.Errorf("%d hashes were computed, want %d", h.Runs(), i+1)
		}
	}
}

func TestLongPasswords(t *testing.T) {
	h := newHasher(cheapParams(), 1, 0)
	longest := domain.Secret(strings.Repeat("💡", domain.MaxPassword))
	hash, err := h.Hash(t.Context(), longest)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := h.Verify(t.Context(), hash, longest); !ok || err != nil {
		t.Errorf("the longest password does not verify: %v", err)
	}
	if _, err := h.Hash(t.Context(), longest+"x"); err == nil {
		t.Error("a password longer than a password may be was hashed")
	}
	if ok, _, _ := h.Verify(t.Context(), hash, longest+"x"); ok {
		t.Error("a longer password verifies")
	}
}

// Whoever can write the users' table must not gain more than that.
func TestPlantedHashes(t *testing.T) {
	const salt, key = "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, hash := range map[string]domain.Secret{
		"4 GiB":            "$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + key,
		"beyond 32 bits":   "$argon2id$v=19$m=99999999999,t=2,p=1$" + salt + "$" + key,
		"just too much":    "$argon2id$v=19$m=65537,t=2,p=1$" + salt + "$" + key,
		"many iterations":  "$argon2id$v=19$m=64,t=4000000000,p=1$" + salt + "$" + key,
		"no iterations":    "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key,
		"no lanes":         "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key,
		"many lanes":       "$argon2id$v=19$m=64,t=1,p=255$" + salt + "$" + key,
		"no memory":        "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + key,
		"no key":           "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"one byte of key":  "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$AA",
		"no salt":          "$argon2id$v=19$m=64,t=1,p=1$$" + key,
		"a huge key":       domain.Secret("$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 4000)),
		"argon2i":          "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + key,
		"an older version": "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key,
		"bcrypt":           "$2a$10$abcdefghijklmnopqrstuuSE3sLNWT5KHYn5T9ZtTlfKJDnfLzvOy",
		"a password":       "correct horse battery",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHasher(cheapParams(), 1, 0)
			ok, _, err := h.Verify(t.Context(), hash, "")
			if ok || domain.KindOf(err) != domain.Internal || err == nil {
				t.Errorf("Verify = %t, %v; want an internal error", ok, err)
			}
			if h.Runs() != 0 {
				t.Error("it was computed all the same")
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("the error repeats the hash: %v", err)
			}
		})
	}
}

func TestQueueIsBounded(t *testing.T) {
	h := newHasher(cheapParams(), 1, 1)
	release, err := h.acquire(t.Context()) // the slot is taken
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiter := make(chan error, 1)
	go func() {
		_, _, err := h.Verify(ctx, "", "")
		waiter <- err
	}()
	for h.waiting.Load() == 0 { // until the one place in the queue is taken
		runtime.Gosched()
	}
	_, _, err = h.Verify(t.Context(), "", "")
	if e := wantError(t, err, domain.Unavailable, "temporarily_unavailable"); e.RetryAfter <= 0 {
		t.Error("a full queue does not say when to come back")
	}
	cancel()
	wantError(t, <-waiter, domain.Unavailable, "temporarily_unavailable")
	release()
	if _, _, err := h.Verify(t.Context(), "", ""); err != nil {
		t.Errorf("after the queue is empty: %v", err)
	}
	if n := h.waiting.Load(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

func FuzzReadParams(f *testing.F) {
	for _, s := range []string{"", "$", "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=4194304,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=1,p=1$$", dummyHash(params()).Reveal()} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := readParams(domain.Secret(s))
		if err != nil {
			return
		}
		if p.Memory > maxMemoryKiB || p.Iterations > maxIterations || p.Parallelism > maxParallelism ||
			p.Memory == 0 || p.Iterations == 0 || p.Parallelism == 0 || p.KeyLength < minKey || p.SaltLength < minSalt {
			t.Errorf("%q gave %+v", s, p)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := NewHasher(1, 0)
	hash, err := h.Hash(b.Context(), goodPassword)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, _, err := h.Verify(b.Context(), hash, goodPassword); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
