package seed_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
)

const audience = `
stores:
  - hash: abc123
    channels: [{id: 4, name: Second}]
    customers:
      - {id: 7, email: jane@example.com, first_name: Jane, last_name: Doe, shopper_profile_id: 6F1C1F0E-6F1E-4A53-9F0C-3B7F4A1F2D10}
      - {email: ada@example.com, first_name: Ada, last_name: Lovelace}
    subscribers:
      - {email: cart@example.com, channel_id: 4, source: order, order_id: 118, consents: [abandoned_cart]}
      - {id: 12, email: news@example.com}
      - {email: silent@example.com, consents: []}
    segments:
      - {id: 0b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77, name: Regulars, description: Five orders or more, members: [Jane@example.com, 8]}
      - {name: Empty}
`

func TestSubscribersAndSegments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		w := newWorld(t, db)
		// Twice is the same as once.
		for range 2 {
			if _, err := apply(t, w, audience); err != nil {
				t.Fatal(err)
			}
		}
		st, err := w.Stores.ByHash(ctx, "abc123")
		if err != nil {
			t.Fatal(err)
		}
		subs, res, err := w.Subscribers.List(ctx, st.ID, subscriber.List.New())
		if err != nil || res.Total != 3 {
			t.Fatalf("%d subscribers, %v", res.Total, err)
		}
		var got []string
		for _, s := range subs {
			got = append(got, fmt.Sprintf("%d %s %d %s %d %v", s.ID, s.Email, s.ChannelID, s.Source, s.OrderID, s.Consents))
		}
		want := "12 news@example.com 1 custom 0 [marketing_newsletter]; 13 cart@example.com 4 order 118 [abandoned_cart]; 14 silent@example.com 1 custom 0 []"
		if strings.Join(got, "; ") != want {
			t.Errorf("subscribers are %q", got)
		}
		const regulars = "0b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77"
		if list, _, err := w.Segments.List(ctx, st.ID, segment.List.New()); err != nil || len(list) != 2 || list[0].UUID != regulars {
			t.Errorf("segments are %+v, %v", list, err)
		}
		members, _, err := w.Segments.Members(ctx, st.ID, regulars, segment.MemberList.New())
		if err != nil || len(members) != 2 || members[0].UUID != "6f1c1f0e-6f1e-4a53-9f0c-3b7f4a1f2d10" || members[0].CustomerID != 7 || members[1].CustomerID != 8 {
			t.Errorf("members are %+v, %v", members, err)
		}

		for text, want := range map[string]string{
			"subscribers: [{email: nobody}]":                                       "subscribers.0",
			"subscribers: [{email: a@b.co, source: radio}]":                        "source must be one of",
			"subscribers: [{email: a@b.co, channel_id: 9}]":                        "invalid channel ID 9",
			"segments: [{description: nameless}]":                                  "segments.0: a name is needed",
			"segments: [{name: A, id: nonsense}]":                                  "id must be a UUID",
			"segments: [{name: A, members: [nobody@example.com]}]":                 "segments.0.members.0: there is no such customer",
			"segments: [{name: A, members: [true]}]":                               "want a customer's email or id",
			"customers: [{id: 7, email: jane@example.com, shopper_profile_id: x}]": "shopper_profile_id must be a UUID",
		} {
			if _, err := apply(t, w, "stores:\n  - hash: abc123\n    "+text); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}
