package mirror

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/jsonx"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/subscriber"
)

// This file has what the documented API answers with, as far as it is copied.

// page is the answer of a list of V3.
type page[T any] struct {
	Data []T `json:"data"`
	Meta struct {
		Pagination struct {
			CurrentPage int `json:"current_page"`
			TotalPages  int `json:"total_pages"`
		} `json:"pagination"`
		Cursors struct {
			End   *string `json:"end_cursor"`
			Links struct {
				Next string `json:"next"`
			} `json:"links"`
		} `json:"cursor_pagination"`
	} `json:"meta"`
}

// one is the answer of one thing of V3.
type one[T any] struct {
	Data T `json:"data"`
}

type wireCustomer struct {
	ID             int64   `json:"id"`
	Email          string  `json:"email"`
	FirstName      string  `json:"first_name"`
	LastName       string  `json:"last_name"`
	Company        string  `json:"company"`
	Phone          string  `json:"phone"`
	Notes          string  `json:"notes"`
	TaxExempt      string  `json:"tax_exempt_category"`
	Group          int64   `json:"customer_group_id"`
	RegistrationIP string  `json:"registration_ip_address"`
	Created        instant `json:"date_created"`
	Modified       instant `json:"date_modified"`
	AcceptsEmails  bool    `json:"accepts_product_review_abandoned_cart_emails"`
	OriginChannel  int64   `json:"origin_channel_id"`
	Channels       []int64 `json:"channel_ids"` // null: all
	Authentication struct {
		ForceReset bool `json:"force_password_reset"`
	} `json:"authentication"`
	Credit []struct {
		Amount json.Number `json:"amount"`
	} `json:"store_credit_amounts"`
	Addresses  []wireAddress `json:"addresses"`
	Attributes []wireValue   `json:"attributes"`
	Fields     []wireField   `json:"form_fields"`
	Profile    *string       `json:"shopper_profile_id"`
	Segments   []string      `json:"segment_ids"`

	consent *wireConsent // nil: not asked for, or nothing was said
}

// wireConsent is what a customer said of cookies.
type wireConsent struct {
	Allow   []string `json:"allow"`
	Deny    []string `json:"deny"`
	Updated instant  `json:"updated_at"`
}

type wireAddress struct {
	ID         int64       `json:"id"`
	CustomerID int64       `json:"customer_id"`
	FirstName  string      `json:"first_name"`
	LastName   string      `json:"last_name"`
	Company    string      `json:"company"`
	Phone      string      `json:"phone"`
	Type       string      `json:"address_type"`
	Address1   string      `json:"address1"`
	Address2   string      `json:"address2"`
	City       string      `json:"city"`
	State      string      `json:"state_or_province"`
	PostalCode string      `json:"postal_code"`
	Country    string      `json:"country_code"`
	Fields     []wireField `json:"form_fields"`
}

// wireValue is the value of an attribute, in a customer or in a list of its own.
type wireValue struct {
	ID          int64   `json:"id"`
	CustomerID  int64   `json:"customer_id"`
	AttributeID int64   `json:"attribute_id"`
	Value       string  `json:"attribute_value"`
	Modified    instant `json:"date_modified"`
}

type wireField struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

type wireAttribute struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

type wireSubscriber struct {
	ID        int64    `json:"id"`
	Email     string   `json:"email"`
	FirstName string   `json:"first_name"`
	LastName  string   `json:"last_name"`
	Source    string   `json:"source"`
	OrderID   *int64   `json:"order_id"`
	ChannelID int64    `json:"channel_id"`
	Consents  []string `json:"consents"`
	Created   instant  `json:"date_created"`
	Modified  instant  `json:"date_modified"`
}

type wireMetafield struct {
	ID          int64   `json:"id"`
	CustomerID  int64   `json:"resource_id"`
	Owner       string  `json:"owner_client_id"`
	Namespace   string  `json:"namespace"`
	Key         string  `json:"key"`
	Value       string  `json:"value"`
	Description string  `json:"description"`
	Permission  string  `json:"permission_set"`
	Modified    instant `json:"date_modified"`
}

type wireSegment struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

type wireChannel struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Type       string `json:"type"`
	Platform   string `json:"platform"`
	Status     string `json:"status"`
	ExternalID string `json:"external_id"`
	Listable   *bool  `json:"is_listable_from_ui"`
	Visible    *bool  `json:"is_visible"`
	Currencies *struct {
		Enabled []string `json:"enabled_currencies"`
		Default string   `json:"default_currency"`
	} `json:"currencies"`
}

// wireGroup is a group of V2.
type wireGroup struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Default bool   `json:"is_default"`
	Guests  bool   `json:"is_group_for_guests"`
	Access  struct {
		Type       string        `json:"type"`
		Categories []json.Number `json:"categories"`
	} `json:"category_access"`
	Rules []struct {
		Type      string      `json:"type"`
		Method    string      `json:"method"`
		Amount    json.Number `json:"amount"`
		Category  json.Number `json:"category_id"`
		Product   json.Number `json:"product_id"`
		PriceList json.Number `json:"price_list_id"`
	} `json:"discount_rules"`
}

type wireFormField struct {
	Form        string      `json:"form"`
	Name        string      `json:"name"`
	Type        string      `json:"type"`
	Required    bool        `json:"required"`
	BuiltIn     bool        `json:"built_in"`
	Label       string      `json:"label"`
	SortOrder   int64       `json:"sort_order"`
	Choices     []string    `json:"choices"`
	Placeholder string      `json:"placeholder"`
	MaxLength   *int64      `json:"max_length"`
	Min         textOrDigit `json:"min"`
	Max         textOrDigit `json:"max"`
	Default     string      `json:"default"`
	Rows        *int64      `json:"rows"`
}

type wireSettings struct {
	Privacy *struct {
		Ask        *bool   `json:"ask_shopper_for_tracking_consent"`
		AtCheckout *bool   `json:"ask_shopper_for_tracking_consent_on_checkout"`
		PolicyURL  *string `json:"policy_url"`
	} `json:"privacy_settings"`
	Groups *struct {
		Guest   *int64 `json:"guest_customer_group_id"`
		Default *int64 `json:"default_customer_group_id"`
	} `json:"customer_group_settings"`
	GlobalLogins *bool `json:"allow_global_logins"`
}

// wireStore is what V2 tells of the store.
type wireStore struct {
	AdminEmail     string      `json:"admin_email"`
	OrderEmail     string      `json:"order_email"`
	FirstName      string      `json:"first_name"`
	LastName       string      `json:"last_name"`
	Address        string      `json:"address"`
	CountryCode    string      `json:"country_code"`
	Phone          string      `json:"phone"`
	Language       string      `json:"language"`
	Currency       string      `json:"currency"`
	Symbol         string      `json:"currency_symbol"`
	SymbolLocation string      `json:"currency_symbol_location"`
	Decimal        string      `json:"decimal_separator"`
	Thousands      string      `json:"thousands_separator"`
	Places         json.Number `json:"decimal_places"`
	Weight         string      `json:"weight_units"`
	Dimension      string      `json:"dimension_units"`
	Industry       string      `json:"industry"`
	Timezone       struct {
		Name   string `json:"name"`
		Format struct {
			Display  string `json:"display"`
			Export   string `json:"export"`
			Extended string `json:"extended_display"`
		} `json:"date_format"`
	} `json:"timezone"`
}

// instant is a time, in seconds since the epoch.
type instant int64

// UnmarshalJSON implements json.Unmarshaler.
func (t *instant) UnmarshalJSON(b []byte) error {
	var text string
	if bytes.Equal(b, []byte("null")) || json.Unmarshal(b, &text) != nil || text == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.RFC1123Z} {
		if at, err := time.Parse(layout, text); err == nil {
			*t = instant(at.Unix())
			break
		}
	}
	return nil
}

// textOrDigit is a text, or a number as it is written.
type textOrDigit string

// UnmarshalJSON implements json.Unmarshaler.
func (t *textOrDigit) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*t = textOrDigit(text)
	} else if !bytes.Equal(b, []byte("null")) {
		*t = textOrDigit(b)
	}
	return nil
}

func (c *wireCustomer) credit() int64 {
	if len(c.Credit) == 0 {
		return 0
	}
	v, _, _ := jsonx.ParseDecimal(string(c.Credit[0].Amount), customer.CreditScale)
	return v
}

// command is the customer as the domain copies it. attributes are the ids of
// attributes here, by those there.
func (c *wireCustomer) command(attributes map[int64]int64) customer.Create {
	in := customer.Create{
		ID: c.ID, Email: c.Email, FirstName: c.FirstName, LastName: c.LastName, Company: c.Company, Phone: c.Phone, Notes: c.Notes, TaxExemptCategory: c.TaxExempt,
		GroupID: c.Group, RegistrationIP: c.RegistrationIP, AcceptsEmails: c.AcceptsEmails, StoreCredit: c.credit(), OriginChannelID: cmp.Or(c.OriginChannel, 1),
		ChannelIDs: c.Channels, ForcePasswordReset: c.Authentication.ForceReset, DateCreated: int64(c.Created), FormFields: inputs(c.Fields),
	}
	for i := range c.Addresses {
		a := &c.Addresses[i]
		in.Addresses = append(in.Addresses, customer.AddressCreate{
			ID: a.ID, CustomerID: c.ID, FormFields: inputs(a.Fields),
			AddressFields: customer.AddressFields{
				FirstName: a.FirstName, LastName: a.LastName, Company: a.Company, Phone: a.Phone, Type: a.Type, Address1: a.Address1, Address2: a.Address2, City: a.City,
				StateOrProvince: a.State, PostalCode: a.PostalCode, CountryCode: a.Country,
			},
		})
	}
	for _, v := range c.Attributes {
		in.Attributes = append(in.Attributes, customer.AttributeInput{AttributeID: attributes[v.AttributeID], Value: v.Value})
	}
	return in
}

// membership is the customer's profile and segments.
func (c *wireCustomer) membership() segment.Membership {
	m := segment.Membership{CustomerID: c.ID, Segments: c.Segments}
	if c.Profile != nil {
		m.Profile = *c.Profile
	}
	return m
}

// inputs are values of form fields as the domain takes them. Passwords, whose values
// nobody is told, are left out.
func inputs(fields []wireField) []form.Input {
	var out []form.Input
	for _, f := range fields {
		if v, ok := valueOf(f.Value); ok {
			out = append(out, form.Input{Name: f.Name, Value: v})
		}
	}
	return out
}

func valueOf(raw json.RawMessage) (form.Value, bool) {
	var text string
	var many []string
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return form.Value{}, false
	case json.Unmarshal(raw, &text) == nil:
		return form.Text(text), text != ""
	case json.Unmarshal(raw, &many) == nil:
		return form.Texts(many), true
	}
	if _, err := strconv.ParseFloat(string(raw), 64); err != nil {
		return form.Value{}, false
	}
	return form.Number(string(raw)), true
}

func (s *wireSubscriber) command(place string) subscriber.Copy {
	in := subscriber.Copy{At: int64(s.Created), Place: place, Create: subscriber.Create{
		ID: s.ID, Email: s.Email, FirstName: s.FirstName, LastName: s.LastName, Source: s.Source, ChannelID: opt.Some(cmp.Or(s.ChannelID, 1)), Consents: opt.Some(s.Consents),
	}}
	if in.Consents.Value == nil {
		in.Consents.Value = []string{}
	}
	if s.OrderID != nil && *s.OrderID != 0 {
		in.OrderID = opt.Some(*s.OrderID)
	}
	return in
}

func (m *wireMetafield) command() metafield.Metafield {
	return metafield.Metafield{
		ID: m.ID, CustomerID: m.CustomerID, ClientID: m.Owner, Namespace: m.Namespace, Key: m.Key, Value: m.Value, Description: m.Description, Permission: m.Permission,
	}
}

func number(n json.Number) int64 {
	v, _ := strconv.ParseInt(string(n), 10, 64)
	return v
}

func (g *wireGroup) command() group.Write {
	w := group.Write{Name: opt.Some(g.Name), IsDefault: opt.Some(g.Default), IsGuest: opt.Some(g.Guests)}
	access := group.Access{Type: cmp.Or(g.Access.Type, group.AccessAll)}
	if access.Type == group.AccessSpecific {
		for _, id := range g.Access.Categories {
			access.Categories = append(access.Categories, number(id))
		}
	}
	w.Access = opt.Some(access)
	rules := []group.Rule{}
	for _, r := range g.Rules {
		rule := group.Rule{Type: r.Type, Target: max(number(r.Category), number(r.Product), number(r.PriceList))}
		if r.Type != group.RulePriceList {
			rule.Method = r.Method
			rule.Amount, _, _ = jsonx.ParseDecimal(string(r.Amount), group.AmountScale)
		}
		rules = append(rules, rule)
	}
	w.Rules = opt.Some(rules)
	return w
}

func (f *wireFormField) definition() form.Field {
	out := form.Field{Form: f.Form, Name: f.Name, Type: form.TypeNamed(f.Type), Required: f.Required, Options: form.Options{
		Label: f.Label, SortOrder: f.SortOrder, Choices: f.Choices, Placeholder: f.Placeholder, Min: string(f.Min), Max: string(f.Max), Default: f.Default,
	}}
	if f.MaxLength != nil {
		out.Options.MaxLength = *f.MaxLength
	}
	if f.Rows != nil {
		out.Options.Rows = *f.Rows
	}
	return out
}

// command is what settings say; channel tells that they are of one, where null is
// the store's.
func (s *wireSettings) command() setting.Update {
	var u setting.Update
	if p := s.Privacy; p != nil {
		u.AskConsent, u.AskConsentOnCheckout, u.PolicyURL = orNothing(p.Ask), orNothing(p.AtCheckout), orNothing(p.PolicyURL)
	}
	if g := s.Groups; g != nil {
		u.GuestGroupID, u.DefaultGroupID = orNothing(g.Guest), orNothing(g.Default)
	}
	u.AllowGlobalLogins = orNothing(s.GlobalLogins)
	return u
}

func orNothing[T any](v *T) opt.Field[T] {
	if v == nil {
		return opt.Field[T]{}
	}
	return opt.Some(*v)
}

// settings are what the store says about itself, as settings are named here.
func (s *wireStore) settings() map[string]any {
	out := map[string]any{}
	for name, v := range map[string]string{
		"admin_email": s.AdminEmail, "order_email": s.OrderEmail, "first_name": s.FirstName, "last_name": s.LastName, "address": s.Address, "country_code": s.CountryCode,
		"phone": s.Phone, "language": s.Language, "currency": s.Currency, "currency_symbol": s.Symbol, "currency_symbol_location": s.SymbolLocation,
		"weight_units": s.Weight, "dimension_units": s.Dimension, "industry": s.Industry, "timezone": s.Timezone.Name,
		"display_date_format": s.Timezone.Format.Display, "export_date_format": s.Timezone.Format.Export, "extended_display_date_format": s.Timezone.Format.Extended,
	} {
		if v != "" {
			out[name] = v
		}
	}
	if s.Decimal != "" && s.Thousands != "" && s.Decimal != s.Thousands {
		out["decimal_separator"], out["thousands_separator"] = s.Decimal, s.Thousands
	}
	if n, err := strconv.Atoi(string(s.Places)); err == nil {
		out["decimal_places"] = n
	}
	return out
}
