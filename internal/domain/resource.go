package domain

import "time"

// Resource is an API or MCP server that accepts tokens.
type Resource struct {
	ID         string
	Name       string
	URI        string // the audience it answers to
	SecretHash SecretHash
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// ResourceSpec is what an admin says to register a resource.
type ResourceSpec struct {
	Name string
	URI  string
}

// Check validates and normalises the spec in place.
func (s *ResourceSpec) Check() error {
	var f Faults
	s.Name = CheckName(&f, "/name", s.Name)
	CheckURI(&f, "/uri", s.URI)
	return f.Err()
}

// ResourcePatch is a change to a resource. Its URI never changes: tokens that
// name it are out.
type ResourcePatch struct {
	Name *string
}

// Check validates and normalises the patch in place.
func (p *ResourcePatch) Check() error {
	var f Faults
	if p.Name != nil {
		name := CheckName(&f, "/name", *p.Name)
		p.Name = &name
	}
	return f.Err()
}
