package mail

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	textlanguage "golang.org/x/text/language"

	"clientele/internal/customer"
	"clientele/internal/group"
	"clientele/internal/sqldb"
)

// reader is what merge fields tell of whoever an email is to, beside what is
// kept with the email.
type reader struct {
	firstName, group string
}

// readReader looks a customer up for merge fields.
func readReader(tx *sqldb.Tx, customerID int64) (out reader, err error) {
	if customerID == 0 {
		return out, nil
	}
	groupID := int64(0)
	if err := tx.Pipeline(customer.GreetingQuery(customerID, &out.firstName, &groupID)); err != nil || groupID == 0 {
		return out, err
	}
	return out, tx.Pipeline(group.NameQuery(groupID, &out.group))
}

// fieldsOf are the merge fields of an email beside those that every email has:
// the data of its kind, as Handlebars names it. link is the email's.
func fieldsOf(kind Kind, link string, data Data) map[string]any {
	switch kind {
	case GuestAccountCreated:
		return map[string]any{"guest_account": map[string]any{"link": link}}
	case PasswordReset:
		return map[string]any{"reset_password": map[string]any{"link": link}, "account": map[string]any{"reset_password_link": link}}
	case SignInLink:
		return map[string]any{"passwordless_login": map[string]any{"link": link}}
	case PasswordChanged, EmailChanged, DetailsChanged:
		changed := "Password"
		if data["new_email"] != "" {
			changed = "Email"
		}
		return map[string]any{"details_changed": map[string]any{"fields": []any{changed}, "new_email": data["new_email"]}}
	}
	own := map[string]any{}
	for name := range templated[kind].sample {
		if name != "link" && name != "minutes" {
			own[name] = data[name]
		}
	}
	if len(own) == 0 {
		return nil
	}
	return map[string]any{"data": own}
}

// fields returns the merge fields of an email with their values. kind is the
// template's.
func (v *View) fields(kind Kind, r reader, year int) map[string]any {
	domain := ""
	if u, err := url.Parse(v.Store.URL); err == nil {
		domain = u.Hostname()
	}
	script, _ := textlanguage.Make(v.Locale).Script()
	direction := "ltr"
	if slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa", "Nkoo"}, script.String()) {
		direction = "rtl"
	}
	groups := []any{}
	if r.group != "" {
		groups = append(groups, map[string]any{"name": r.group})
	}
	firstName := oneLine(r.firstName, maxName) // as whole names are when they are queued
	if firstName == "" || linkLike().MatchString(firstName) {
		firstName, _, _ = strings.Cut(v.Customer.Name, " ")
	}
	name := v.Store.LogoURL[strings.LastIndexByte(v.Store.LogoURL, '/')+1:]
	out := map[string]any{
		"store": map[string]any{
			"name": v.Store.Name, "domain_name": domain, "path": v.Store.URL, "path_normal": v.Store.URL, "ssl_path": v.Store.URL, "address": v.Store.Address,
			"email": v.Store.Email, "phone": v.Store.Phone,
			"logo":     map[string]any{"title": v.Store.Name, "name": name, "url": v.Store.LogoURL},
			"language": map[string]any{"code": v.Locale, "direction": direction},
			"cdn_path": "", "image_directory": "", "img_path": "",
		},
		"customer": map[string]any{"first_name": firstName, "full_name": v.Customer.Name, "email": v.Customer.Email, "group": groups},
		"misc":     map[string]any{"year": year},
		"link":     v.Link, "duration": v.Duration, "unsubscribe": v.Unsubscribe,
	}
	maps.Copy(out, fieldsOf(kind, v.Link, v.Data))
	return out
}

// sampleView is what templates of a kind are tried with.
func sampleView(kind Kind) View {
	data := templated[kind].sample
	return View{
		Store:    StoreView{Name: "Sample store", URL: "https://shop.example.com", Email: "shop@example.com", Phone: "1", Address: "1 Street", LogoURL: "https://shop.example.com/logo.png"},
		Customer: CustomerView{Name: "Jane Doe", Email: "jane@example.com"}, Locale: defaultLanguage, Link: data["link"], Duration: "15 minutes", Data: data,
		Unsubscribe: "https://shop.example.com/unsubscribe",
	}
}

func sampleFields(kind Kind) map[string]any {
	v := sampleView(kind)
	return v.fields(kind, sampleReader, 2026)
}

var sampleReader = reader{firstName: "Jane", group: "Members"}

// meanings are what merge fields stand for.
var meanings = []struct{ name, meaning string }{
	{"store.name", "the store's name"},
	{"store.path", "the URL of its storefront; store.path_normal and store.ssl_path are the same"},
	{"store.path_normal", ""},
	{"store.ssl_path", ""},
	{"store.domain_name", "the host of that URL"},
	{"store.email", "its address for orders"},
	{"store.phone", "its phone number"},
	{"store.address", "its postal address"},
	{"store.logo.url", "the URL of its logo"},
	{"store.logo.name", "the logo's file name"},
	{"store.logo.title", "the store's name"},
	{"store.language.code", "the language of the email"},
	{"store.language.direction", "ltr or rtl"},
	{"store.cdn_path", "always empty, as are store.image_directory and store.img_path"},
	{"store.image_directory", ""},
	{"store.img_path", ""},
	{"customer.first_name", "the first name of who the email is to"},
	{"customer.full_name", "their whole name, if that is known"},
	{"customer.email", "their address"},
	{"customer.group", "a list of their customer group, each with a name"},
	{"misc.year", "the year"},
	{"link", "the link to follow"},
	{"duration", "for how long the link works, in words"},
	{"unsubscribe", "the link that ends emails of this kind"},
	{"guest_account.link", "the link to choose a password"},
	{"reset_password.link", "the link to choose a password"},
	{"account.reset_password_link", "the same"},
	{"passwordless_login.link", "the link that signs in"},
	{"details_changed.fields", "a list of what has changed: Email or Password"},
	{"details_changed.new_email", "the new address, where that has changed"},
}

// mergeFields returns the merge fields of a kind.
func mergeFields(kind Kind) []Placeholder {
	root := treeOf(sampleFields(kind))
	var out []Placeholder
	for _, m := range meanings {
		at := root
		for _, part := range strings.Split(m.name, ".") {
			if at = at.members[part]; at == nil {
				break
			}
		}
		switch {
		case at == nil:
		case at.each != nil:
			out = append(out, Placeholder{"{{#each " + m.name + "}}", m.meaning, ""})
		default:
			out = append(out, Placeholder{"{{" + m.name + "}}", m.meaning, ""})
		}
	}
	if data := root.members["data"]; data != nil {
		for _, name := range slices.Sorted(maps.Keys(data.members)) {
			out = append(out, Placeholder{"{{data." + name + "}}", strings.ReplaceAll(name, "_", " "), ""})
		}
	}
	return out
}
