package account

// This file holds what links about subscriptions carry: the signed token of a
// link to unsubscribe, and the encoding of the subscription that a link to
// confirm it stands for (see subscribe.go).

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
)

// unsubscribing begins what is signed for an unsubscribe link.
const unsubscribing = "unsubscribe"

func (s *Service) unsubscribeToken(tx *sqldb.Tx, subscriberID int64, write bool) (string, error) {
	k, err := storekey.Secret(tx, storekey.Unsubscribe)
	if err == nil && k == nil && write {
		k, err = storekey.EnsureSecret(tx, s.sys, storekey.Unsubscribe)
	}
	if err != nil || k == nil {
		return "", err
	}
	id := strconv.FormatInt(subscriberID, 10)
	m := hmac.New(sha256.New, k)
	m.Write([]byte(unsubscribing + "\x00" + id))
	return id + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:24]), nil
}

// UnsubscribeToken returns what the unsubscribe link of a subscriber carries.
// It is signed and kept nowhere, so that it is good for ever.
func (s *Service) UnsubscribeToken(ctx context.Context, storeID, subscriberID int64) (token string, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		token, err = s.unsubscribeToken(tx, subscriberID, false)
		return err
	})
	if err != nil || token != "" {
		return token, err
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		token, err = s.unsubscribeToken(tx, subscriberID, true)
		return err
	})
	return token, err
}

// UnsubscribeLink returns the link that ends a subscription with one click.
func (s *Service) UnsubscribeLink(ctx context.Context, site store.Site, subscriberID int64) (string, error) {
	token, err := s.UnsubscribeToken(ctx, site.StoreID, subscriberID)
	if err != nil {
		return "", err
	}
	return link(site, unsubscribePath, "token", token), nil
}

// CheckUnsubscribe makes sure that the token of an unsubscribe link is good; one
// that is not is ErrLink.
func (s *Service) CheckUnsubscribe(ctx context.Context, storeID int64, token string, c Client) (err error) {
	defer func() { s.followed(ctx, storeID, unsubscribeLink, c, err) }()
	_, err = s.unsubscriber(ctx, storeID, token)
	return err
}

// unsubscriber returns the subscriber whom a token is about, or ErrLink.
func (s *Service) unsubscriber(ctx context.Context, storeID int64, token string) (id int64, err error) {
	text, _, ok := strings.Cut(token, ".")
	id, err = strconv.ParseInt(text, 10, 64)
	if err != nil || !ok || id < 1 {
		return 0, ErrLink
	}
	var want string
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		want, err = s.unsubscribeToken(tx, id, false)
		return err
	}); err != nil {
		return 0, err
	}
	if want == "" || !hmac.Equal([]byte(want), []byte(token)) {
		return 0, ErrLink
	}
	return id, nil
}

// Unsubscribe ends a subscription by the token of a link. One that has ended
// already is no error. The address may have subscribed anew since, by another
// number: that ends as well.
func (s *Service) Unsubscribe(ctx context.Context, storeID int64, token string, c Client) (err error) {
	defer func() { s.followed(ctx, storeID, unsubscribeLink, c, err) }()
	id, err := s.unsubscriber(ctx, storeID, token)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		return subscriber.Withdraw(tx, id, fromStorefront(c), s.sys.Now())
	})
}

// subscription is what a link to confirm one remembers.
type subscription struct {
	Email     string            `json:"email"`
	FirstName string            `json:"first_name,omitempty"`
	LastName  string            `json:"last_name,omitempty"`
	Asked     *subscriber.Asked `json:"asked,omitempty"` // none in older links
	Text      string            `json:"text,omitempty"`  // that was shown
}

func encodeSubscription(in subscriber.Create, asked subscriber.Asked) (string, error) {
	text, err := json.Marshal(subscription{in.Email, in.FirstName, in.LastName, &asked, asked.Text})
	return string(text), err
}

func decodeSubscription(text string) (subscriber.Create, *subscriber.Asked, error) {
	var d subscription
	err := json.Unmarshal([]byte(text), &d)
	if d.Asked != nil {
		d.Asked.Text = d.Text
	}
	return subscriber.Create{Email: d.Email, FirstName: d.FirstName, LastName: d.LastName}, d.Asked, err
}
