package redact_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"clientele/internal/redact"
)

var planted = []string{"planted-Token-9f3", "Zzyzx-Secret-77", "quillon", "Brunhilde", "Xerxesson", "5550142", "Wolkenkuckucksheim", "9f86d081884c7d65", "203.0.113"}

func TestNothingPlantedIsTold(t *testing.T) {
	e := redact.New([]byte("key")).Exchange()
	told := ""
	add := func(s string) { told += s + "\n" }
	add(e.URL("/stores/abc123/v3/customers?email:in=quillon@brunhilde.example,other@x.example&name:in=Brunhilde&id:in=1,2&token=planted-Token-9f3&limit=50&sort=date_created:desc"))
	add(e.URL("https://shop.example/login/token/planted-Token-9f3?x=Zzyzx-Secret-77"))
	for name, values := range e.Header(http.Header{
		"X-Auth-Token": {"planted-Token-9f3"}, "Cookie": {"SHOP_TOKEN=planted-Token-9f3"}, "Content-Type": {"application/json"}, "Location": {"/x/9f86d081884c7d65?t=planted-Token-9f3"},
		"User-Agent": {"Brunhilde/1.0"}, "X-Custom": {"quillon"},
	}) {
		add(name + ": " + strings.Join(values, ";"))
	}
	for kind, body := range map[string]string{
		"application/json":                  `[{"email":"quillon@brunhilde.example","first_name":"Brunhilde","last_name":"Xerxesson","phone":5550142,"authentication":{"new_password":"Zzyzx-Secret-77"},"headers":{"X-Key":"planted-Token-9f3"},"addresses":[{"city":"Wolkenkuckucksheim","state_or_province":"Wolkenkuckucksheim","country":"Germany"},{"state":"Bayern"},{"stateOrProvince":"Wolkenkuckucksheim"}],"source":"by Brunhilde","namespace":"Xerxesson","error":"203.0.113.77 was here","Brunhilde":1}]`,
		"application/json; charset=utf-8":   `{"errors":{"0.email":"email quillon@brunhilde.example already in use","x":"no Xerxesson here"},"title":"Create customers failed: Wolkenkuckucksheim","data":{"access_token":"planted-Token-9f3"}}`,
		"application/x-www-form-urlencoded": `login_email=quillon%40brunhilde.example&login_pass=Zzyzx-Secret-77&FormField%5B1%5D=Wolkenkuckucksheim`,
		"application/xml":                   `<customers><customer><id>1</id><first_name>Brunhilde</first_name><email>quillon@brunhilde.example</email><_authentication><password>Zzyzx-Secret-77</password></_authentication></customer></customers>`,
		"text/html":                         `<p>Brunhilde</p>`,
		"application/vnd.x+json":            `{"query":"mutation { login(email: \"quillon@brunhilde.example\", password: \"Zzyzx-Secret-77\") { customerAccessToken { value } } } # Brunhilde","variables":{"e":"Xerxesson"}}`,
		"":                                  `Brunhilde`,
	} {
		add(string(e.Body(kind, []byte(body))))
	}
	for _, p := range planted {
		if strings.Contains(strings.ToLower(told), strings.ToLower(p)) {
			t.Errorf("%s is told:\n%s", p, told)
		}
	}
	for _, want := range []string{"id:in=1,2", "limit=50", "sort=date_created:desc", `already in use"`, "/login/token/", `"country":"Germany"`, `{"state":"Bayern"}`, `{"stateOrProvince":"`, `"first_name":"`, "<id>1</id>", `mutation { login(email: \"u`, "/stores/abc123/v3/customers"} {
		if !strings.Contains(told, want) {
			t.Errorf("%s is not told:\n%s", want, told)
		}
	}
}

// Words of the program stay what they are, whatever somebody has as a name or a
// password; the same words as a value do not.
func TestSentencesKeepTheProgramsWords(t *testing.T) {
	e := redact.New([]byte("key")).Exchange()
	e.Body("application/json", []byte(`{"first_name":"store","last_name":"Brunhilde","query":"mutation { login(email: \"x\", password: \"token\") }"}`))
	for text, want := range map[string]string{
		"the token is not one of this store's, or was revoked": "the token is not one of this store's, or was revoked",
		"there is no such route, as the store lacks it":        "there is no such route, as the store lacks it",
	} {
		if got := e.Sentence(text); got != want {
			t.Errorf("%s is told as %s", text, got)
		}
	}
	if got := e.Sentence(`no value "store" and no Brunhilde`); strings.Contains(got, "store") || strings.Contains(got, "Brunhilde") || !strings.HasPrefix(got, `no value "`) {
		t.Error(got)
	}
}

func TestPseudonyms(t *testing.T) {
	r := redact.New([]byte("key"))
	for _, text := range []string{"jane@example.org", "Jane", "Łódź 12-345", "", "+351 21 000 000"} {
		p := r.Pseudonym(text)
		if p != r.Pseudonym(text) || p == text && text != "" {
			t.Errorf("%q becomes %q", text, p)
		}
		if len([]rune(p)) != len([]rune(text)) && !strings.Contains(text, "@") {
			t.Errorf("%q has another length than %q", p, text)
		}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		for _, text := range []string{"1990-05-17", "1990-05-17T08:30:00Z", "1990-05-17T08:30:00+02:00"} {
			if _, err := time.Parse(layout, text); err != nil {
				continue
			}
			if p := r.Pseudonym(text); p == text || len(p) != len(text) {
				t.Errorf("%s becomes %s", text, p)
			} else if _, err := time.Parse(layout, p); err != nil {
				t.Error(err)
			}
		}
	}
	if redact.New([]byte("other")).Pseudonym("Jane Doe of Lisbon") == r.Pseudonym("Jane Doe of Lisbon") {
		t.Error("the key does not matter")
	}
	// The form stays: members, their order, numbers, and who is who.
	e := r.Exchange()
	const in = `{"b":[{"id":7,"email":"a@b.example","date_created":"2026-05-02T19:20:00Z","ok":true,"x":null}],"a":{"email":"A@b.example","amount":1.50}}`
	out := e.Body("application/json", []byte(in))
	var v struct {
		B []struct{ Email, Date_created string }
		A struct{ Email string }
	}
	if err := json.Unmarshal(out, &v); err != nil || v.B[0].Email != v.A.Email || v.B[0].Date_created != "2026-05-02T19:20:00Z" || !strings.HasPrefix(string(out), `{"b":[{"id":7,"email":"u`) || !strings.Contains(string(out), `"amount":1.50`) {
		t.Errorf("%s: %v", out, err)
	}
}
