package rule_test

import (
	"testing"

	"clientele/internal/rule"
)

// What rows say is the rule that is shown as these rows again.
func TestRows(t *testing.T) {
	names := &rule.Names{
		Groups: []rule.Named{{ID: 1, Name: "Wholesale"}, {ID: 2, Name: "O'Hara, Ltd"}}, Channels: []rule.Named{{ID: 1, Name: "Web"}},
		Attributes: []rule.Named{{ID: 3, Name: "Shoe size", Type: "number"}}, FormFields: []rule.Named{{ID: 4, Name: "Secret", Type: "password"}, {ID: 5, Name: "Hobbies", Type: "checkbox"}},
		Segments: []rule.Named{{ID: 6, Name: "VIP", UUID: "3d7ec1fc-4d48-41c7-8e1f-1e8a3c1d2a11"}}, Consents: []string{"marketing_newsletter"},
	}
	subjects := names.Subjects()
	for text, simple := range map[string]bool{
		"email ENDS WITH '@example.com'":                                                  true,
		"group = 'Wholesale' AND date_created >= -90d AND NOT company IS NULL":            true,
		"group = 'O''Hara, Ltd' OR store_credit > 12.5":                                   true,
		"address(country IN ('DE', 'AT')) AND NOT notes CONTAINS 'x'":                     true,
		"address(NOT city STARTS WITH 'Ber') OR address IS NULL":                          true,
		"attribute['Shoe size'] >= 40 AND form_field['Hobbies'] CONTAINS 'Chess'":         true,
		"NOT segment('VIP') AND consent = 'marketing_newsletter' AND has_password = true": true,
		"date_created < '2024-05-14' OR id IN (1, 2)":                                     true,
		"store_credit BETWEEN 1 AND 2":                                                    false,
		"(id = 1 OR id = 2) AND has_password = true":                                      false,
		"NOT address(country = 'DE')":                                                     false,
		"NOT id = 1":                                                                      false,
		"group IN ('O''Hara, Ltd')":                                                       false,
		"metafield['a.b'] = 'c'":                                                          false,
		"address(country = 'DE' AND city = 'Berlin')":                                     false,
	} {
		n, err := rule.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if _, err := names.Check(n); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		rows, any, ok := n.Rows()
		if ok != simple {
			t.Errorf("%s: %t %v", text, ok, rows)
		}
		if !ok {
			continue
		}
		if back := rule.OfRows(rows, any, subjects); back == nil || back.String() != text {
			t.Errorf("%s: %v: %v", text, rows, back)
		}
	}
	for _, s := range subjects {
		if len(s.Ops) == 0 || s.Kind == "" || s.Key == "Secret" {
			t.Errorf("%+v", s)
		}
		for _, op := range s.Ops {
			value := map[rule.SubjectKind]string{rule.KindNumber: "4", rule.KindTime: "-3d"}[s.Kind]
			if len(s.Choices) > 0 {
				value = s.Choices[0]
			} else if value == "" {
				value = "x"
			}
			n := rule.OfRows([]rule.Row{{Subject: s.ID, Op: op, Value: value}}, false, subjects)
			parsed, err := rule.Parse(n.String())
			if err != nil {
				t.Errorf("%s %s: %s: %v", s.ID, op, n, err)
				continue
			}
			if _, err := names.Check(parsed); err != nil {
				t.Errorf("%s %s: %s: %v", s.ID, op, n, err)
			}
		}
	}
	if n := rule.OfRows([]rule.Row{{Subject: "email", Op: "=", Value: " "}, {Subject: "nothing", Op: "=", Value: "x"}}, false, subjects); n != nil {
		t.Errorf("%s", n)
	}
}
