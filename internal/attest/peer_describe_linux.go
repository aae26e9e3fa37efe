package attest

import (
	"context"
	"errors"
	"os"
	"slices"

	"authsec/internal/domain"

	"golang.org/x/sys/unix"
)

// errDiffer: what should be one is several.
var errDiffer = errors.New("they differ")

// gapOf says why something of the processes is not known.
func gapOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errDiffer):
		return "Processes that differ in it hold the connection, or one that has changed its user since it opened it. Open it in the process that uses it, and let no other inherit it."
	default:
		return "The server may not look into the process that holds the connection. It must run as root, or as the same user."
	}
}

// describe finds out what runs at the other end.
func (p *Peers) describe(ctx context.Context, o opener) (domain.Process, error) {
	out := domain.Process{UID: o.uid}
	found, err := holders(ctx, o.inode)
	defer func() {
		for _, h := range found {
			h.close()
		}
	}()
	if err != nil {
		return out, err
	}
	all := found
	if len(all) == 0 && o.process != nil { // known, if not to be looked into
		all = []*process{o.process}
	}
	if len(all) == 0 || len(all) > maxHolders {
		unseen := gapOf(os.ErrPermission)
		out.Gaps = domain.ProcessGaps{Groups: unseen, Path: unseen, SHA256: unseen, Container: unseen}
		return out, nil
	}
	if len(all) == 1 {
		out.PID = all[0].pid
	}
	out.GID, out.Groups, err = o.groupsOf(all)
	out.Gaps.Groups = gapOf(err)
	out.Container, out.Cgroup, err = containerOf(all)
	out.Gaps.Container = gapOf(err)
	e, err := o.executableOf(found)
	if err != nil {
		if errors.Is(err, errDiffer) {
			out.PID = 0
		}
		out.Gaps.Path, out.Gaps.SHA256 = gapOf(err), gapOf(err)
		return out, nil
	}
	defer e.close()
	out.Path, out.Gaps.Path = e.placed()
	if out.SHA256, out.Gaps.SHA256, err = p.digests.of(ctx, e); err != nil {
		return out, err
	}
	return out, stillHeld(ctx, found, o.inode, e)
}

// stillHeld returns an error unless the processes hold the socket and run the
// executable as they did when they were looked at first.
func stillHeld(ctx context.Context, found []*process, inode uint64, e executable) error {
	for _, h := range found {
		held, err := h.holds(ctx, inode)
		if err != nil {
			return err
		}
		now, err := h.executable()
		if err != nil {
			return err
		}
		now.close()
		if !held || !os.SameFile(now.info, e.info) {
			return errors.New("the process changed while it was looked at")
		}
	}
	return nil
}

// groupsOf returns the groups that all have, who are still the user that opened
// the other end.
func (o opener) groupsOf(all []*process) (gid uint32, groups []uint32, err error) {
	for i, h := range all {
		c, err := h.credentials()
		switch {
		case err != nil:
			return 0, nil, err
		case c.uid != o.uid, o.gid != nil && c.gid != *o.gid, foreign(c.gid, "gid"), i > 0 && (c.gid != gid || !slices.Equal(c.groups, groups)):
			return 0, nil, errDiffer
		}
		gid, groups = c.gid, c.groups
	}
	return gid, slices.DeleteFunc(groups, func(g uint32) bool { return foreign(g, "gid") }), nil
}

func (p *process) credentials() (credentials, error) {
	b, err := p.read("status")
	if err != nil {
		return credentials{}, err
	}
	return parseStatus(b)
}

func containerOf(all []*process) (id, group string, err error) {
	for i, h := range all {
		b, err := h.read("cgroup")
		if err != nil {
			return "", "", err
		}
		again, in := parseContainer(b)
		if i > 0 && (again != id || in != group) {
			return "", "", errDiffer
		}
		id, group = again, in
	}
	return id, group, nil
}

// executableOf returns the one executable that all run, who are still the user
// that opened the other end. The caller closes it.
func (o opener) executableOf(all []*process) (executable, error) {
	if len(all) == 0 {
		return executable{}, unix.EACCES
	}
	first, err := all[0].executable()
	if err != nil {
		return executable{}, err
	}
	for _, h := range all {
		c, err := h.credentials()
		if err == nil && c.uid != o.uid {
			err = errDiffer
		}
		if err == nil {
			var e executable
			if e, err = h.executable(); err == nil {
				e.close()
				if !os.SameFile(e.info, first.info) {
					err = errDiffer
				}
			}
		}
		if err != nil {
			first.close()
			return executable{}, err
		}
	}
	return first, nil
}
