package attest

import (
	"os/user"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	maxNames     = 4096
	nameKeptFor  = time.Minute
	kindOfUsers  = "user"
	kindOfGroups = "group"
)

// names are those of this machine's users and groups, each believed for a minute.
type names struct {
	kept *lru.Cache[nameKey, keptName]
}

type nameKey struct {
	kind string
	id   uint32
}

type keptName struct {
	name  string // "" : there is none
	until time.Time
}

func newNames() (*names, error) {
	kept, err := lru.New[nameKey, keptName](maxNames)
	return &names{kept: kept}, err
}

func (n *names) user(uid uint32, now time.Time) string {
	return n.find(nameKey{kindOfUsers, uid}, now, func() (string, error) {
		u, err := user.LookupId(id(uid))
		if err != nil {
			return "", err
		}
		return u.Username, nil
	})
}

func (n *names) group(gid uint32, now time.Time) string {
	return n.find(nameKey{kindOfGroups, gid}, now, func() (string, error) {
		g, err := user.LookupGroupId(id(gid))
		if err != nil {
			return "", err
		}
		return g.Name, nil
	})
}

// find looks a name up, or remembers it. One that cannot be found is none: the
// number is attested all the same.
func (n *names) find(key nameKey, now time.Time, look func() (string, error)) string {
	if kept, ok := n.kept.Get(key); ok && now.Before(kept.until) {
		return kept.name
	}
	name, err := look()
	if err != nil {
		name = ""
	}
	n.kept.Add(key, keptName{name, now.Add(nameKeptFor)})
	return name
}
