package form_test

import (
	"testing"

	"clientele/internal/form"
)

// Tests of storefronts find the fields of an address by the labels that the
// original gives them. What older stores were made with is nobody's choice.
func TestLabelsOfBuiltInFields(t *testing.T) {
	for id, want := range map[int64]string{
		form.FirstName: "First Name", form.LastName: "Last Name", form.Company: "Company Name", form.Phone: "Phone Number", form.Address1: "Address Line 1",
		form.Address2: "Address Line 2", form.City: "Suburb/City", form.Country: "Country", form.State: "State/Province", form.PostalCode: "Zip/Postcode",
	} {
		if b := form.BuiltInOf(id); b.Label != want || b.Chosen(want) || b.Chosen("") || !b.Chosen("Our own") {
			t.Errorf("%s is labelled %q, want %q", b.Name, b.Label, want)
		}
	}
	if form.BuiltInOf(form.City).Chosen("City") || form.BuiltInOf(form.PostalCode).Chosen("Postal Code") {
		t.Error("a former label counts as chosen")
	}
}
