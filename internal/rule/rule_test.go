package rule_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/rule"
)

var names = &rule.Names{
	Groups:     []rule.Named{{ID: 1, Name: "Wholesale"}, {ID: 2, Name: "Retail"}, {ID: 3, Name: "Same"}, {ID: 4, Name: "same"}},
	Channels:   []rule.Named{{ID: 1, Name: "Shop"}, {ID: 7, Name: "App"}},
	Attributes: []rule.Named{{ID: 11, Name: "Shoe size", Type: "number"}, {ID: 12, Name: "Colour", Type: "string"}, {ID: 13, Name: "Birthday", Type: "date"}},
	FormFields: []rule.Named{{ID: 31, Name: "Size", Type: "number"}, {ID: 32, Name: "Note", Type: "text"}, {ID: 33, Name: "Hobbies", Type: "checkbox"},
		{ID: 34, Name: "Day", Type: "date"}, {ID: 35, Name: "Secret", Type: "password"}},
	Segments: []rule.Named{{ID: 1, Name: "VIP", UUID: "a1b2c3d4-0000-4000-8000-000000000001"}},
	Consents: []string{"marketing_newsletter", "abandoned_cart"},
}

// What is written in several ways is printed in one, and the tree says the same.
func TestText(t *testing.T) {
	for in, want := range map[string]string{
		`group = 'Wholesale' AND address(country IN ('DE','AT') AND city STARTS WITH 'Ber')`:          `group = 'Wholesale' AND address(country IN ('DE', 'AT') AND city STARTS WITH 'Ber')`,
		`date_created >= -90d AND NOT (email ENDS WITH '@spam.test')`:                                 `date_created >= -90d AND NOT email ENDS WITH '@spam.test'`,
		`attribute['Shoe size'] BETWEEN 40 AND 46 AND consent CONTAINS 'marketing_newsletter'`:        `attribute['Shoe size'] BETWEEN 40 AND 46 AND consent CONTAINS 'marketing_newsletter'`,
		"  Company   is\tnull or\nnot ( PHONE starts with '0' ) ":                                     `company IS NULL OR NOT phone STARTS WITH '0'`,
		`((id = 1 OR id = 2) OR (id = 3 AND (id = 4 AND id = 5)))`:                                    `id = 1 OR id = 2 OR id = 3 AND id = 4 AND id = 5`,
		`(id = 1 OR id = 2) AND NOT (id = 3 OR id = 4) AND NOT NOT id = 5`:                            `(id = 1 OR id = 2) AND NOT (id = 3 OR id = 4) AND NOT NOT id = 5`,
		`company IS NOT NULL AND company NOT IN ('a') AND notes NOT CONTAINS 'x' AND id <> 1`:         `NOT company IS NULL AND NOT company IN ('a') AND NOT notes CONTAINS 'x' AND id != 1`,
		`company = 'O''Brien' AND store_credit >= 007.50 AND id != -0`:                                `company = 'O''Brien' AND store_credit >= 7.5 AND id != 0`,
		`segment('VIP') AND has_password = TRUE AND date_created = 0d AND attribute[13] < 7D`:         `segment('VIP') AND has_password = true AND date_created = 0d AND attribute[13] < +7d`,
		`metafield['loyalty.points'] > 10.25 AND address IS NULL AND channel IN ('Shop', 7)`:          `metafield['loyalty.points'] > 10.25 AND address IS NULL AND channel IN ('Shop', 7)`,
		`date_modified < '2024-05-14T09:30:00+02:00' AND last_sign_in BETWEEN -2w AND '2024-05-14'`:   `date_modified < '2024-05-14T09:30:00+02:00' AND last_sign_in BETWEEN -2w AND '2024-05-14'`,
		`form_field['Hobbies'] = 'golf' OR subscribed_since > -6h OR unsubscribed_since >= -1y`:       `form_field['Hobbies'] = 'golf' OR subscribed_since > -6h OR unsubscribed_since >= -1y`,
		`email_domain IN ('a.test', 'b.test') AND origin_channel = 'App' AND accepts_emails != false`: `email_domain IN ('a.test', 'b.test') AND origin_channel = 'App' AND accepts_emails != false`,
	} {
		n, err := rule.Parse(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := n.String(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
		if _, err := names.Check(n); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		same(t, n)
		bound := names.Bind(n)
		if text := names.Unbind(bound).String(); strings.Contains(in, "[13]") != (text != want) && !strings.Contains(in, "7)") {
			t.Errorf("%s: bound %s, then %s", in, bound, text)
		}
		if _, err := names.Check(bound); err != nil {
			t.Errorf("%s: bound %s: %v", in, bound, err)
		}
	}
}

// same holds text and tree of a rule to each other.
func same(t *testing.T, n *rule.Node) {
	t.Helper()
	text := n.String()
	again, err := rule.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	tree := n.AppendTree(nil)
	v, err := jsonx.Parse(tree, jsonx.Limits{})
	if err != nil {
		t.Fatalf("%s: %s: %v", text, tree, err)
	}
	read, err := rule.Decode(v)
	if err != nil {
		t.Fatalf("%s: %s: %v", text, tree, err)
	}
	if read.String() != text || again.String() != text || !reflect.DeepEqual(bare(read), bare(again)) {
		t.Fatalf("%s: read again %s, from the tree %s: %s", text, again, tree, read)
	}
}

// bare takes the places out of a rule.
func bare(n *rule.Node) *rule.Node {
	n.At, n.Field.KeyAt = 0, 0
	for i := range n.Values {
		n.Values[i].At = 0
	}
	for _, c := range n.Nodes {
		bare(c)
	}
	return n
}

// A fault tells what is wrong, at which byte, and what may have been meant.
func TestFaults(t *testing.T) {
	deep := strings.Repeat("NOT (", 7) + "id = 1" + strings.Repeat(")", 7)
	for in, want := range map[string]struct {
		why        fault.Reason
		at         int
		suggestion string
	}{
		``:                                           {rule.WhyEmpty, 0, ""},
		`grup = 'Retail'`:                            {rule.WhyField, 0, "group"},
		`id = 1 AND emial = 'a'`:                     {rule.WhyField, 11, "email"},
		`group = 'Retial'`:                           {rule.WhyName, 8, "'Retail'"},
		`group = 'Same'`:                             {rule.WhySeveral, 8, "3"},
		`group = 99`:                                 {rule.WhyName, 8, ""},
		`group = Retail`:                             {rule.WhyExpected, 8, "'Retail'"},
		`group = "Retail"`:                           {rule.WhyExpected, 8, "'"},
		`company = 'a`:                               {rule.WhyOpen, 10, ""},
		`company LIKE 'a'`:                           {rule.WhyExpected, 8, "CONTAINS"},
		`company CONTAIN 'a'`:                        {rule.WhyExpected, 8, "CONTAINS"},
		`company > 'a'`:                              {rule.WhyOp, 0, "STARTS WITH"},
		`company = 1`:                                {rule.WhyValue, 10, "'1'"},
		`company = ' '`:                              {rule.WhyBlank, 10, "IS NULL"},
		`id = '12'`:                                  {rule.WhyValue, 5, "12"},
		`id = 1.5`:                                   {rule.WhyValue, 5, ""},
		`id = 1.2.3`:                                 {rule.WhyNumber, 5, ""},
		`id BETWEEN 5 AND 1`:                         {rule.WhyOrder, 11, "1 AND 5"},
		`id = 1 OR`:                                  {rule.WhyExpected, 9, ""},
		`id = 1 id = 2`:                              {rule.WhyExpected, 7, ""},
		`(id = 1`:                                    {rule.WhyExpected, 7, ""},
		`id IN ()`:                                   {rule.WhyExpected, 7, ""},
		`store_credit > 1.00001`:                     {rule.WhyValue, 15, ""},
		`date_created > 'soon'`:                      {rule.WhyDate, 15, ""},
		`date_created > '14.5.2024'`:                 {rule.WhyDate, 15, ""},
		`date_created > '2024/5/14'`:                 {rule.WhyDate, 15, "'2024-05-14'"},
		`date_created > 90`:                          {rule.WhyDate, 15, "-90d"},
		`attribute['Birthday'] > -3h`:                {rule.WhyDate, 24, ""},
		`attribute = 'a'`:                            {rule.WhyKey, 0, "attribute['…']"},
		`attribute['Shoe siz'] = 1`:                  {rule.WhyName, 10, "'Shoe size'"},
		`attribute['Shoe size'] = 'a'`:               {rule.WhyValue, 25, ""},
		`company['a'] = 'b'`:                         {rule.WhyNoKey, 8, "company"},
		`form_field['Secret'] = 'x'`:                 {rule.WhyName, 11, ""},
		`form_field['Hobbies'] STARTS WITH 'x'`:      {rule.WhyOp, 0, "="},
		`metafield['points'] = 'x'`:                  {rule.WhyKey, 10, "metafield['namespace.key']"},
		`consent = 'marketing_newsleter'`:            {rule.WhyChoice, 10, "'marketing_newsletter'"},
		`has_password IS NULL`:                       {rule.WhyOp, 0, ""},
		`has_password = 1`:                           {rule.WhyValue, 15, "true"},
		`address(email = 'a')`:                       {rule.WhyInAddress, 8, ""},
		`address(address(city = 'a'))`:               {rule.WhyInAddress, 8, ""},
		`city = 'Berlin'`:                            {rule.WhyField, 0, ""},
		`segment('VIPs')`:                            {rule.WhyName, 8, "'VIP'"},
		`segment = 'VIP'`:                            {rule.WhyExpected, 8, ""},
		"company = '\x00'":                           {rule.WhyText, 0, ""},
		deep:                                         {rule.WhyDepth, 30, ""},
		strings.Repeat("(", 70) + "id = 1":           {rule.WhyDepth, 64, ""},
		`id = 1` + strings.Repeat(" OR id = 1", 32):  {rule.WhyComparisons, 320, ""},
		`id IN (1` + strings.Repeat(",1", 500) + `)`: {rule.WhyValues, 0, ""},
		`company = '` + strings.Repeat("a", 4096) + `'`: {rule.WhyBytes, 4096, ""},
	} {
		n, err := rule.Parse(in)
		if err == nil {
			_, err = names.Check(n)
		}
		f := new(rule.Fault)
		if !errors.As(err, &f) {
			t.Errorf("%.80s: %v", in, err)
			continue
		}
		if f.Why != want.why || f.At != want.at || f.Suggestion != want.suggestion {
			t.Errorf("%.80s: %q at %d, suggestion %q, want %q at %d, %q", in, f.Why, f.At, f.Suggestion, want.why, want.at, want.suggestion)
		}
		if e := fault.As(err); e == nil || e.Kind != fault.Invalid || e.Items[0].Field != rule.FieldRule {
			t.Errorf("%.80s: %v is no fault of the rule", in, err)
		}
	}
}

func TestTreesThatAreNone(t *testing.T) {
	for _, in := range []string{
		`1`, `{}`, `[]`, `{"and":[]}`, `{"and":{}}`, `{"field":"id"}`, `{"field":"id","op":"=","values":[1]}`, `{"field":"id","op":"BETWEEN","values":[1]}`,
		`{"field":"a b","op":"=","value":1}`, `{"field":"id","op":"LIKE","value":1}`, `{"field":"id","op":"=","value":1,"more":2}`, `{"field":"id","op":"=","value":1e3}`,
		`{"field":"id","op":"=","value":null}`, `{"not":[]}`, `{"segment":{}}`, `{"field":"id","op":"IS NULL","value":1}`, `{"field":"AND","op":"=","value":1}`,
		`{"field":"attribute","key":0,"op":"=","value":1}`, `{"field":"date_created","op":">","value":{"relative":"soon"}}`,
		strings.Repeat(`{"not":`, 20) + `{"field":"id","op":"=","value":1}` + strings.Repeat(`}`, 20),
	} {
		v, err := jsonx.Parse([]byte(in), jsonx.Limits{})
		if err != nil {
			t.Fatal(in, err)
		}
		_, err = rule.Decode(v)
		f := new(rule.Fault)
		if !errors.As(err, &f) || f.At != -1 {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// Whatever is parsed is printed so that it is parsed as the same, and never more
// of it gets into SQL than numbers of parameters.
func FuzzParse(f *testing.F) {
	for _, s := range append(injections, `group = 'Wholesale' AND address(country IN ('DE','AT') AND NOT city STARTS WITH 'Ber')`, `attribute['Shoe size'] NOT BETWEEN 40 AND +46 OR date_created >= -90d`,
		`company IS NOT NULL`, `segment('VIP') AND (metafield['a.b'] = true OR form_field[31] != 1)`) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := rule.Parse(text)
		if err != nil {
			return
		}
		if len(n.String()) > rule.MaxBytes {
			return // spaces that it did not have
		}
		same(t, n)
		c, err := names.Check(n)
		if err != nil {
			return
		}
		clean(t, text, c)
	})
}
