package app_test

import (
	"context"

	"clientele/internal/history"
)

// operators stands for what seed files, commands and jobs do.
const operators = "operators"

// commands is the context of what a user of the machine does.
func (w *histories) commands() context.Context {
	return history.With(w.t.Context(), &history.Origin{Surface: history.Command, Actor: history.Actor{Kind: history.CommandUser, Name: "operator"}})
}

// command does what a command does.
func (w *histories) command(name string, do func() error) {
	w.t.Helper()
	w.step(operators, name, by{history.Command, history.CommandUser, 0}, func() answer {
		if err := do(); err != nil {
			w.t.Errorf("%s: %v", name, err)
		}
		return answer{}
	})
}

const historySeed = `
stores:
  - hash: alpha
    name: Renamed
    settings: {phone: "7"}
    customer_settings: {privacy_settings: {policy_url: "https://seed.example/p"}}
    checkout_settings: {checkout_type: custom}
    channels:
      - {id: 2, name: Seeded two}
      - {id: 40, name: Seeded forty, url: "http://forty.example", routes: [{type: login, route: "/in"}]}
    api_accounts:
      - {name: seeded, client_id: cli-seeded, client_secret: seeded-secret-1, access_token: seeded-token, scopes: [store_v2_customers]}
    form_fields: [{form: customer, name: Seeded, type: text}]
    attributes: [{name: Seeded, type: string}]
    customer_groups: [{id: 70, name: Seeded, discount_rules: [{type: price_list, price_list_id: 3}]}]
    webhooks: [{client_id: cli-seeded, scope: store/customer/created, destination: "http://127.0.0.1:1/seeded", headers: {X-Secret: hidden}}]
    subscribers: [{email: seeded@alphamark.example, first_name: S, last_name: E}]
    products: [{id: 4000, name: Seeded product, price: "1"}]
    customers:
      - id: 900
        email: seeded@alphamark.example
        first_name: See
        last_name: Ded
        store_credit: "3"
        addresses: [{first_name: A, last_name: B, address1: 1 St, city: Austin, state_or_province: Texas, postal_code: "78701", country_code: US}]
        attributes: [{name: Seeded, value: x}]
        form_fields: [{name: Seeded, value: y}]
        metafields: [{owner_client_id: cli-seeded, permission_set: app_only, namespace: n, key: k, value: v}]
        consent: {allow: [analytics], deny: [functional, targeting]}
        stored_instruments: [{type: stored_paypal_account, token: seeded-token-1, is_default: true, email: pay@alphamark.example}]
        tax_properties: {exemption: yes}
        wishlists: [{name: Seeded list, is_public: true, items: [{product_id: 4000}]}]
        orders: [{id: 800, date: 2026-05-14, status: Completed, lines: [{product_id: 4000}]}]
    segments: [{name: Seeded segment, members: [900]}]
`
