package v3_test

import (
	"fmt"
	"testing"
)

// The names of types that the original's filter has name them in definitions
// too.
func TestTypesOfFormFieldsByTheOriginalsNames(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		id := 31
		for name, typ := range map[string]string{
			"numbers": "number", "checkboxes": "checkbox", "radiobuttons": "radio", "picklist": "dropdown", "text": "text", "multiline": "multiline", "date": "date", "password": "password",
		} {
			body := fmt.Sprintf(`{"form":"customer","name":"F %s","type":%q}`, name, name)
			s.want("POST", "/form-fields", body, 200, fmt.Sprintf(`…"id":%d,"form":"customer","name":"F %s","label":"F %s","type":%q`, id, name, name, typ))
			s.want("PUT", fmt.Sprintf("/form-fields/%d", id), fmt.Sprintf(`{"type":%q,"label":"L"}`, name), 200, fmt.Sprintf(`…"label":"L","type":%q`, typ))
			id++
		}
		s.want("POST", "/form-fields", `{"form":"customer","name":"X","type":"radios"}`, 422, `…"type":"type must be one of`)
		s.want("PUT", "/form-fields/26", `{"type":"numbers"}`, 422, `…the type of a field cannot be changed`)
	})
}
