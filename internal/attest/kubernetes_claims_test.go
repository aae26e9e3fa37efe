package attest

import (
	"encoding/json"
	"strings"
	"testing"

	"authsec/sdk/go/jws"
)

const nestedClaims = `{"iss":"https://cluster.example.com","sub":"system:serviceaccount:production:support","kubernetes.io":{"namespace":"production",
	"node":{"name":"node-3","uid":"n1"},"pod":{"name":"support-7d9f","uid":"p1"},"serviceaccount":{"name":"support","uid":"s1"},"warnafter":1700000000}}`

func TestKubernetesClaims(t *testing.T) {
	full := kubernetesIdentity{Namespace: "production", ServiceAccount: "support", UID: "s1", Pod: "support-7d9f", PodUID: "p1", Node: "node-3"}
	unbound := kubernetesIdentity{Namespace: "production", ServiceAccount: "support", UID: "s1"}
	legacy := `"kubernetes.io/serviceaccount/namespace":"production","kubernetes.io/serviceaccount/service-account.name":"support","kubernetes.io/serviceaccount/service-account.uid":"s1","kubernetes.io/serviceaccount/secret.name":"x"`
	sub := `"sub":"system:serviceaccount:production:support"`
	account := `"namespace":"production","serviceaccount":{"name":"support","uid":"s1"}`
	for name, tt := range map[string]struct {
		claims string
		want   kubernetesIdentity // empty: refused
	}{
		"bound to a pod":                 {nestedClaims, full},
		"bound to nothing":               {`{` + sub + `,"kubernetes.io":{` + account + `}}`, unbound},
		"bound to a secret":              {`{` + sub + `,"kubernetes.io":{` + account + `,"secret":{"name":"x","uid":"y"}}}`, unbound},
		"bound to a node":                {`{` + sub + `,"kubernetes.io":{` + account + `,"node":{"name":"node-3","uid":"n1"}}}`, unbound},
		"flat":                           {`{` + sub + `,` + legacy + `}`, unbound},
		"both layouts":                   {`{` + sub + `,` + legacy + `,"kubernetes.io":{` + account + `}}`, unbound},
		"both, of two namespaces":        {`{` + sub + `,` + strings.Replace(legacy, "production", "staging", 1) + `,"kubernetes.io":{` + account + `}}`, kubernetesIdentity{}},
		"both, of two accounts":          {`{` + sub + `,` + strings.Replace(legacy, "support", "root", 1) + `,"kubernetes.io":{` + account + `}}`, kubernetesIdentity{}},
		"both, of two UIDs":              {`{` + sub + `,` + strings.Replace(legacy, "s1", "s2", 1) + `,"kubernetes.io":{` + account + `}}`, kubernetesIdentity{}},
		"neither":                        {`{` + sub + `}`, kubernetesIdentity{}},
		"sub of another account":         {strings.Replace(nestedClaims, "production:support", "production:root", 1), kubernetesIdentity{}},
		"sub of another namespace":       {strings.Replace(nestedClaims, ":production:support", ":staging:support", 1), kubernetesIdentity{}},
		"no sub":                         {`{"kubernetes.io":{` + account + `}}`, kubernetesIdentity{}},
		"a person's sub":                 {strings.Replace(nestedClaims, "system:serviceaccount:", "", 1), kubernetesIdentity{}},
		"no namespace":                   {strings.Replace(nestedClaims, `"namespace":"production",`, "", 1), kubernetesIdentity{}},
		"no account":                     {strings.Replace(nestedClaims, `"serviceaccount"`, `"x"`, 1), kubernetesIdentity{}},
		"in other letters":               {strings.Replace(nestedClaims, `"kubernetes.io"`, `"Kubernetes.io"`, 1), kubernetesIdentity{}},
		"a pod without UID":              {strings.Replace(nestedClaims, `,"uid":"p1"`, "", 1), kubernetesIdentity{}},
		"a UID without pod":              {strings.Replace(nestedClaims, `"name":"support-7d9f",`, "", 1), kubernetesIdentity{}},
		"a pod that is a path":           {strings.Replace(nestedClaims, "support-7d9f", "../../nodes/x", 1), kubernetesIdentity{}},
		"a pod that is a query":          {strings.Replace(nestedClaims, "support-7d9f", "x?watch=1", 1), kubernetesIdentity{}},
		"a namespace that is a path":     {strings.ReplaceAll(nestedClaims, "production", "a/../b"), kubernetesIdentity{}},
		"a pod of another type":          {strings.Replace(nestedClaims, `{"name":"support-7d9f","uid":"p1"}`, `["support-7d9f","p1"]`, 1), kubernetesIdentity{}},
		"a name of another type":         {strings.Replace(nestedClaims, `"support-7d9f"`, `7`, 1), kubernetesIdentity{}},
		"a node of another type":         {strings.Replace(nestedClaims, `{"name":"node-3","uid":"n1"}`, `null`, 1), kubernetesIdentity{}},
		"a node that cannot be":          {strings.Replace(nestedClaims, `node-3`, `node 3`, 1), kubernetesIdentity{}},
		"kubernetes.io of another type":  {`{` + sub + `,"kubernetes.io":"production"}`, kubernetesIdentity{}},
		"a flat claim of another type":   {`{` + sub + `,"kubernetes.io/serviceaccount/namespace":1}`, kubernetesIdentity{}},
		"a UID with a line break":        {strings.Replace(nestedClaims, `"p1"`, `"p\n1"`, 1), kubernetesIdentity{}},
		"a UID longer than any":          {strings.Replace(nestedClaims, `"p1"`, `"`+strings.Repeat("p", 129)+`"`, 1), kubernetesIdentity{}},
		"a colon moved between the both": {strings.NewReplacer(`"namespace":"production"`, `"namespace":"production:support"`).Replace(nestedClaims), kubernetesIdentity{}},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := jws.ParseObject([]byte(tt.claims))
			if err != nil {
				t.Fatal(err)
			}
			got, err := readKubernetesClaims(claims)
			if got != tt.want || (err == nil) != (tt.want != kubernetesIdentity{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// Whatever an issuer signs, what is read of it can be put into a request's path
// and agrees with sub.
func FuzzKubernetesClaims(f *testing.F) {
	f.Add([]byte(nestedClaims))
	f.Add([]byte(`{"sub":"system:serviceaccount:a:b","kubernetes.io/serviceaccount/namespace":"a","kubernetes.io/serviceaccount/service-account.name":"b"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		claims, err := jws.ParseObject(raw)
		if err != nil {
			return
		}
		id, err := readKubernetesClaims(claims)
		if err != nil {
			if id != (kubernetesIdentity{}) {
				t.Fatalf("refused, and still %+v", id)
			}
			return
		}
		if sub, _ := claims.Text("sub"); sub != id.username() || strings.Count(sub, ":") != 3 {
			t.Fatalf("%q is not %+v", sub, id)
		}
		if id.Namespace == "" || id.ServiceAccount == "" || (id.Pod == "") != (id.PodUID == "") || (id.Pod == "" && id.Node != "") {
			t.Fatalf("incomplete: %+v", id)
		}
		if strings.ContainsAny(id.Namespace+id.ServiceAccount+id.Pod+id.Node, "/?#%\\ \n") {
			t.Fatalf("not a path: %+v", id)
		}
		if _, err := json.Marshal(id.attested()); err != nil {
			t.Fatal(err)
		}
	})
}
