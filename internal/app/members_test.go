package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"clientele/api"
	"clientele/internal/sqldb"
)

// Every member of every body that the API document has is stored, which
// reading it back proves, or has to be what it is already, or is passed over,
// which docs/compatibility.md says. All others are refused. A member that the
// table below has not, and a row without an operation, fails.
func TestMembersOfEveryWrite(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			w := newMatrixWorld(t, e)
			documented := bodies(t)
			for id := range writes {
				if documented[id] == nil {
					t.Errorf("the row %q is of no operation with a body", id)
				}
			}
			// Changes come after what they change was looked at as it is.
			for _, id := range slices.Sorted(maps.Keys(documented)) {
				row, ok := writes[id]
				if !ok {
					t.Errorf("%s has no row: declare what becomes of its members in the table \"writes\"", id)
					continue
				}
				t.Run(id, func(t *testing.T) {
					m := &membersOf{matrixWorld: w, t: t, row: row, op: documented[id]}
					m.check()
				})
			}
		})
	}
}

// The members that are passed over stand in the document on compatibility, each
// operation with its own.
func TestMembersPassedOverAreDocumented(t *testing.T) {
	text := repositoryFile(t, "docs/compatibility.md")
	_, list, _ := strings.Cut(text, "## Accepted without an effect\n")
	for id, row := range writes {
		for _, name := range row.passed {
			if !strings.Contains(list, "`"+name+"`") {
				t.Errorf("docs/compatibility.md does not say that %s passes over `%s`", id, name)
			}
		}
	}
	if strings.Count(repositoryFile(t, "api/openapi.yaml"), "'Passed over:") == 0 {
		t.Error("the API document tells of nothing that is passed over")
	}
}

// What reading back cannot show is proved by tests that there are.
func TestMembersThatAreNotShownAreTested(t *testing.T) {
	var code strings.Builder
	for _, pattern := range []string{"../*/*_test.go", "../*/*/*_test.go", "../*/*/*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(text)
		}
	}
	all := code.String()
	for id, row := range writes {
		if row.elsewhere != "" && !strings.Contains(all, "func "+row.elsewhere+"(") {
			t.Errorf("%s: the test %s does not exist", id, row.elsewhere)
		}
		for member, test := range row.unseen {
			if !strings.Contains(all, "func "+test+"(") {
				t.Errorf("%s: the test %s of %s does not exist", id, test, member)
			}
		}
	}
}

func repositoryFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// writing is a row: what becomes of the members of a body.
type writing struct {
	path string // below /stores/alpha, or of the first store's host
	// before is a channel that is made first.
	before string
	// reads: nothing is written.
	reads bool
	// body has every member that is stored.
	body string
	// read is where to read it back; {id} is the id that the answer tells. at
	// leads there to the thing. Without it the answer itself is looked at.
	read, at string
	// shown are the names of members where reading has others.
	shown map[string]string
	// unseen are members that reading does not show, with the test of each.
	unseen map[string]string
	// kept are members that have to be what they are, with what they are not.
	kept map[string]any
	// passed are members that are passed over.
	passed []string
	// elsewhere is the test that sends what has to follow another answer.
	elsewhere string
	// readOnly are members that are refused as such.
	readOnly []string
	// alternative bodies have the members that exclude those of body.
	more []writing
}

// bodies returns the operations with bodies of JSON, by their ids.
func bodies(t *testing.T) map[string]*bodyOf {
	t.Helper()
	text, err := api.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]*bodyOf{}
	for pattern, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			o, ok := op.(map[string]any)
			if !ok || o["requestBody"] == nil || strings.HasSuffix(pattern, "/graphql") {
				continue
			}
			content := o["requestBody"].(map[string]any)["content"].(map[string]any)
			b := &bodyOf{doc: doc, method: strings.ToUpper(method), members: map[string]bool{}}
			b.walk(content["application/json"].(map[string]any)["schema"], "")
			if len(b.members) > 0 {
				out[o["operationId"].(string)] = b
			}
		}
	}
	return out
}

// bodyOf is what a body may hold: paths of members, with * for the places of a
// list.
type bodyOf struct {
	doc     map[string]any
	method  string
	members map[string]bool
	open    []string
}

func (b *bodyOf) walk(schema any, at string) {
	s, _ := schema.(map[string]any)
	for s["$ref"] != nil {
		var found any = b.doc
		for key := range strings.SplitSeq(strings.TrimPrefix(s["$ref"].(string), "#/"), "/") {
			found = found.(map[string]any)[key]
		}
		s = found.(map[string]any)
	}
	for _, word := range []string{"oneOf", "anyOf", "allOf"} {
		list, _ := s[word].([]any)
		for _, part := range list {
			b.walk(part, at)
		}
	}
	if s["items"] != nil {
		b.walk(s["items"], at+"*.")
	}
	properties, ok := s["properties"].(map[string]any)
	if ok && s["additionalProperties"] != false {
		b.open = append(b.open, at)
	}
	for name, p := range properties {
		b.members[at+name] = true
		b.walk(p, at+name+".")
	}
}

var place = regexp.MustCompile(`(^|\.)\d+(\.|$)`)

// general returns a path with * for places.
func general(path string) string {
	for place.MatchString(path) {
		path = place.ReplaceAllString(path, "$1*$2")
	}
	return path
}

// membersOf checks one operation.
type membersOf struct {
	*matrixWorld
	t   *testing.T
	row writing
	op  *bodyOf
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// objects calls fn with the path of each object in v.
func objects(v any, at string, fn func(at string, o map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		fn(at, v)
		for name, e := range v {
			objects(e, at+name+".", fn)
		}
	case []any:
		for i, e := range v {
			objects(e, at+strconv.Itoa(i)+".", fn)
		}
	}
}

// with returns a body with one more member at a path.
func (m *membersOf) with(path string, value any) string {
	m.t.Helper()
	v := parsed(m.t, m.row.body)
	found := false
	objects(v, "", func(at string, o map[string]any) {
		if name, ok := strings.CutPrefix(path, at); ok && !strings.Contains(name, ".") {
			o[name], found = value, true
		}
	})
	if !found {
		m.t.Fatalf("%s is nowhere in %s", path, m.row.body)
	}
	text, err := json.Marshal(v)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

func (m *membersOf) send(body string) answer {
	m.t.Helper()
	if strings.HasPrefix(m.row.path, "/api/storefront/") {
		h := host(home, 1)
		return m.call(h, m.op.method, m.row.path, body, http.Header{"Origin": {"http://" + h}, "Sec-Fetch-Site": {"same-origin"}})
	}
	return m.full(home, m.op.method, m.filled(m.row.path), body)
}

var fieldPlace = regexp.MustCompile(`{field(\+\d)?}`)

// filled puts the id of the last form field of the seed's customers, or of one
// after it, where it belongs.
func (m *membersOf) filled(text string) string {
	m.t.Helper()
	last, err := strconv.Atoi(m.field[home])
	if err != nil {
		m.t.Fatal(err)
	}
	return fieldPlace.ReplaceAllStringFunc(text, func(p string) string {
		more, _ := strconv.Atoi(strings.Trim(p, "{field+}"))
		return strconv.Itoa(last + more)
	})
}

// prefix is how paths in a body begin: those of batches are of the first item.
func (m *membersOf) prefix() string {
	if strings.HasPrefix(m.row.body, "[") {
		return "0."
	}
	return ""
}

func (m *membersOf) check() {
	m.t.Helper()
	if len(m.op.open) > 0 {
		m.t.Errorf("the schema lets any member in at %q", m.op.open)
	}
	all := append([]writing{m.row}, m.row.more...)
	told := map[string]bool{}
	for _, row := range all {
		if row.path == "" {
			row.path = m.row.path
		}
		row.body = m.filled(row.body)
		m.row = row
		if row.before != "" {
			if got := m.full(home, "POST", "/v3/channels", row.before); got.status != http.StatusOK {
				m.t.Fatalf("%d %s", got.status, got.body)
			}
		}
		m.declared(told)
		m.refusals()
		if row.elsewhere != "" {
			continue
		}
		m.stored()
		m.others()
	}
	for name := range m.op.members {
		if !told[name] {
			m.t.Errorf("the member %s is not in the row", name)
		}
	}
	for name := range told {
		if !m.op.members[name] {
			m.t.Errorf("the member %s is in the row and not in the document", name)
		}
	}
}

// free are the objects whose members have names of anybody's choice.
var free = regexp.MustCompile(`(headers|tax_properties|take\.attributes|take\.form_fields)\.(.+\.)?$|translations\.([a-z-]+\.(.+\.)?|\d+\.keys\.)?$`)

// open reports whether the surface passes over members that it does not know.
func (m *membersOf) open() bool { return strings.HasPrefix(m.row.path, "/v3/") }

// declared collects the members of a row.
func (m *membersOf) declared(told map[string]bool) {
	objects(parsed(m.t, m.row.body), "", func(at string, o map[string]any) {
		for name := range o {
			if !free.MatchString(at) {
				told[general(at+name)] = true
			}
		}
	})
	for path := range m.row.kept {
		told[general(path)] = true
	}
	for _, name := range m.row.passed {
		told[general(m.prefix()+name)] = true
	}
}

// refusals sends what must be refused.
func (m *membersOf) refusals() {
	m.t.Helper()
	refuse := func(path string, value any) {
		m.t.Helper()
		got := m.send(m.with(path, value))
		name := path[strings.LastIndexByte(path, '.')+1:]
		if got.status/100 != 4 || !strings.Contains(got.body, name) {
			m.t.Errorf("with %s = %v: %d %.300s", path, value, got.status, got.body)
		}
	}
	objects(parsed(m.t, m.row.body), "", func(at string, _ map[string]any) {
		if !m.open() && !free.MatchString(at) {
			refuse(at+"no_such_member", 1)
		}
	})
	for _, name := range m.row.readOnly {
		refuse(m.prefix()+name, 1)
	}
	for _, path := range slices.Sorted(maps.Keys(m.row.kept)) {
		refuse(path, m.row.kept[path])
	}
}

// stored sends the body, with a member that there is not where it is passed
// over, and reads it back.
func (m *membersOf) stored() {
	m.t.Helper()
	body := m.row.body
	if m.open() {
		body = m.with(m.prefix()+"no_such_member", 1)
	}
	got := m.send(body)
	if got.status/100 != 2 {
		m.t.Errorf("%d %.600s", got.status, got.body)
		return
	}
	shown := m.shown(got)
	if strings.Contains(fmt.Sprint(shown), "no_such_member") {
		m.t.Errorf("a member that there is not is shown: %v", shown)
	}
	want := parsed(m.t, m.row.body)
	if list, ok := want.([]any); ok {
		want = list[0]
	}
	for _, d := range m.differences(want, shown, "") {
		m.t.Error(d)
	}
}

var answeredID = regexp.MustCompile(`"id":"?([\w-]+)`)

// shown is what reading shows after an answer.
func (m *membersOf) shown(got answer) any {
	m.t.Helper()
	if m.row.read != "" {
		path := m.filled(m.row.read)
		if id := answeredID.FindStringSubmatch(got.body); id != nil {
			path = strings.ReplaceAll(path, "{id}", id[1])
		}
		if got = m.full(home, "GET", path, ""); got.status != 200 {
			m.t.Errorf("GET %s: %d %.300s", path, got.status, got.body)
			return nil
		}
	}
	if got.body == "" {
		return map[string]any{}
	}
	v := parsed(m.t, got.body)
	for key := range strings.SplitSeq(m.row.at, ".") {
		switch at := v.(type) {
		case map[string]any:
			if key != "" {
				v = at[key]
			}
		case []any:
			if i, err := strconv.Atoi(key); err == nil && i < len(at) {
				v = at[i]
			}
		}
	}
	return v
}

// differences holds what was sent against what reading shows.
func (m *membersOf) differences(sent, got any, at string) (out []string) {
	name := strings.TrimSuffix(at, ".")
	if m.row.unseen[name] != "" {
		return nil
	}
	switch s := sent.(type) {
	case map[string]any:
		o, _ := got.(map[string]any)
		for key, v := range s {
			shown := key
			if other := m.row.shown[at+key]; other != "" {
				shown = other
			}
			out = append(out, m.differences(v, o[shown], at+key+".")...)
		}
		return out
	case []any:
		if len(s) == 0 {
			break
		}
		if _, ok := s[0].(map[string]any); !ok {
			break
		}
		list, _ := got.([]any)
		for _, e := range s {
			if !slices.ContainsFunc(list, func(have any) bool { return m.differences(e, have, at) == nil }) {
				out = append(out, fmt.Sprintf("%s: sent %v, shown %v", name, e, got))
			}
		}
		return out
	}
	if !same(sent, got) {
		out = append(out, fmt.Sprintf("%s: sent %v, shown %v", name, sent, got))
	}
	return out
}

// same compares values of which one may be text where the other is a number.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := strconv.ParseFloat(fmt.Sprint(a), 64)
	y, errY := strconv.ParseFloat(fmt.Sprint(b), 64)
	return errX == nil && errY == nil && x == y
}

// others sends what may be sent without an effect.
func (m *membersOf) others() {
	m.t.Helper()
	if m.op.method != http.MethodPut {
		return
	}
	was := undated(m.shown(m.send(m.row.body)))
	accept := func(path string, value any) {
		m.t.Helper()
		got := m.send(m.with(path, value))
		if got.status/100 != 2 {
			m.t.Errorf("with %s = %v: %d %.300s", path, value, got.status, got.body)
		} else if now := undated(m.shown(got)); !reflect.DeepEqual(now, was) {
			m.t.Errorf("%s = %v had an effect\nfrom %v\nto   %v", path, value, was, now)
		}
	}
	for _, name := range m.row.passed {
		accept(m.prefix()+name, []any{})
	}
	for path := range m.row.kept {
		if is := m.known(was, strings.TrimPrefix(path, m.prefix())); is != nil {
			accept(path, is)
		} else {
			m.t.Errorf("reading does not show %s: %v", path, was)
		}
	}
}

// known returns what reading shows of a member.
func (m *membersOf) known(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		}
	}
	return v
}

// undated leaves out when a thing was written.
func undated(v any) any {
	objects(v, "", func(_ string, o map[string]any) {
		delete(o, "updated_at")
		delete(o, "date_modified")
	})
	return v
}

// Passwords are what reading cannot show.
func TestPasswordsOfMembers(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			w := newMatrixWorld(t, e)
			for i, in := range []struct{ method, path, body, id string }{
				{"PUT", "/v3/customers", `[{"id":1,"authentication":{"new_password":"%s"}}]`, "1"},
				{"POST", "/v3/customers", `[{"email":"a@example.com","first_name":"A","last_name":"B","authentication":{"new_password":"%s"}}]`, "3"},
				{"PUT", "/v2/customers/2", `{"_authentication":{"password":"%s","force_reset":true}}`, "2"},
				{"POST", "/v2/customers", `{"email":"b@example.com","first_name":"A","last_name":"B","_authentication":{"password":"%[1]s","password_confirmation":"%[1]s","force_reset":true}}`, "4"},
			} {
				secret := "seven-Lamps-" + strconv.Itoa(i)
				if got := w.full(home, in.method, in.path, fmt.Sprintf(in.body, secret)); got.status != http.StatusOK {
					t.Fatalf("%s %s: %d %s", in.method, in.path, got.status, got.body)
				}
				for password, want := range map[string]string{secret: `{"success":true}`, "seven-Lamps-x": `{"success":false}`} {
					if got := w.full(home, "POST", "/v2/customers/"+in.id+"/validate", `{"password":"`+password+`"}`); got.body != want {
						t.Errorf("%s %s: %s of %s", in.method, in.path, got.body, password)
					}
				}
				forced := strings.Contains(in.body, "force_reset")
				if got := w.full(home, "GET", "/v2/customers/"+in.id, ""); strings.Contains(got.body, `"reset_pass_on_login":true`) != forced {
					t.Errorf("%s %s: %s", in.method, in.path, got.body)
				}
			}
			if got := w.full(home, "PUT", "/v2/customers/2", `{"_authentication":{"password":"seven-Lamps-9","password_confirmation":"another"}}`); got.status != http.StatusBadRequest {
				t.Errorf("another confirmation: %d %s", got.status, got.body)
			}
		})
	}
}
