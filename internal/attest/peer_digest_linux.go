package attest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"syscall"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Limits of hashing executables.
const (
	maxExecutable = 256 << 20
	maxDigests    = 1024
)

// digests hashes files, one at a time, and remembers which it has hashed.
type digests struct {
	kept *lru.Cache[fileState, string]
	turn chan struct{}
}

// fileState tells one content of a file from another: ctime changes with every
// write, and only the clock's master can set it.
type fileState struct {
	dev, inode   uint64
	size         int64
	mtime, ctime syscall.Timespec
}

func stateOf(info os.FileInfo) (fileState, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileState{}, false
	}
	return fileState{uint64(s.Dev), s.Ino, s.Size, s.Mtim, s.Ctim}, true //nolint:unconvert // not 64 bits everywhere
}

func newDigests() (*digests, error) {
	kept, err := lru.New[fileState, string](maxDigests)
	if err != nil {
		return nil, err
	}
	return &digests{kept: kept, turn: make(chan struct{}, 1)}, nil
}

// of returns the file's SHA-256 in hex, or a sentence that says why there is none.
func (d *digests) of(ctx context.Context, e executable) (digest, gap string, err error) {
	if e.fuse {
		return "", onFUSE, nil
	}
	before, ok := stateOf(e.info)
	if !ok {
		return "", "", errors.New("a file without a state")
	}
	if before.size > maxExecutable {
		return "", "The executable is larger than 256 MiB, which is more than is hashed.", nil
	}
	if digest, ok := d.kept.Get(before); ok {
		return digest, "", nil
	}
	f, err := e.open()
	if err != nil {
		return "", "The server may not read the executable. It must run as root, or as the same user.", nil //nolint:nilerr // said in the gap
	}
	defer f.Close() //nolint:errcheck // only read
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(untilDone{ctx, f}, maxExecutable)); err != nil {
		return "", "", err
	}
	info, err := f.Stat()
	if err != nil {
		return "", "", err
	}
	if after, _ := stateOf(info); after != before {
		return "", "", errors.New("the executable changed while it was read")
	}
	digest = hex.EncodeToString(h.Sum(nil))
	d.kept.Add(before, digest)
	return digest, "", nil
}

// untilDone is a reader that a context ends.
type untilDone struct {
	ctx context.Context //nolint:containedctx // for one copy
	r   io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}
