package history

import (
	"context"
	"slices"

	"clientele/internal/sqldb"
)

// Origin tells where a write comes from.
type Origin struct {
	Surface Surface
	Actor   Actor
	// Address is the client's, RequestID what its answer is named by, and Reason
	// what somebody gave as the reason. Each may be empty.
	Address, RequestID, Reason string
	// Impersonation is the one in whose session the Actor acts as a customer, 0
	// where there is none. Entries name it beside what changed.
	Impersonation int64
	// Refused is why what was asked for was refused, for who watches requests:
	// see Refuse.
	Refused string
}

// ActorKind is what somebody is who writes. Its code is in entries, as that of
// Action.
type ActorKind int64

// The kinds of actors.
const (
	System  ActorKind = iota // the program by itself
	Visitor                  // of a storefront, not signed in
	ByAccount
	Shopper // a customer in a session
	named   // those below have a name, which entries refer to

	// In a column of their own.
	CommandUser // of the machine that a command was run on
	ByJob
	BySeed
	// ByToken is who has a storefront token of an API account, with which they
	// act for customers; the name is the account's client id.
	ByToken
	Staff
)

var actorKinds = [...]string{
	System: "system", Visitor: "visitor", ByAccount: "api_account", Shopper: "shopper",
	CommandUser: "command", ByJob: "job", BySeed: "seed", ByToken: "storefront_token", Staff: "staff",
}

// String returns the name by which lists show a kind.
func (k ActorKind) String() string { return name(actorKinds[:], int64(k)) }

// ActorKindOf returns the kind with a name; System for one that there is not.
func ActorKindOf(name string) ActorKind { return ActorKind(max(slices.Index(actorKinds[:], name), 0)) }

// Actor is who writes.
type Actor struct {
	Kind ActorKind
	// ID is the API account's or the customer's.
	ID int64
	// Name is that of who has no id: a user of the machine, a kind of job, a file.
	Name string
	// ClientID is that of an API account. Lists fill it and the account's name in.
	ClientID string
}

// APIAccountActor returns the actor that an API account is.
func APIAccountActor(id int64) Actor { return Actor{Kind: ByAccount, ID: id} }

// ShopperActor returns the actor that a customer in a session is.
func ShopperActor(customerID int64) Actor { return Actor{Kind: Shopper, ID: customerID} }

type originKey struct{}

// With returns a context whose writes are o's. Act changes o.
func With(ctx context.Context, o *Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// Of returns where the writes of a context come from; without an origin from the
// program itself.
func Of(ctx context.Context) Origin {
	if o, ok := ctx.Value(originKey{}).(*Origin); ok {
		return *o
	}
	return Origin{}
}

// Act tells who makes the writes of a context from now on, where it has an
// origin: whoever finds out who asks calls it, before anything is written.
func Act(ctx context.Context, a Actor) {
	if o, ok := ctx.Value(originKey{}).(*Origin); ok {
		o.Actor = a
	}
}

// ActAs is Act for who acts as a customer by an impersonation.
func ActAs(ctx context.Context, a Actor, impersonation int64) {
	if o, ok := ctx.Value(originKey{}).(*Origin); ok {
		o.Actor, o.Impersonation = a, impersonation
	}
}

// Arrive tells the client's address of the writes of a context.
func Arrive(ctx context.Context, address string) {
	if o, ok := ctx.Value(originKey{}).(*Origin); ok {
		o.Address = address
	}
}

// Refuse tells why what is asked for is refused, where the answer does not say it
// or says less. The reason is in words of the program alone: nothing that was sent
// is in it. The first reason counts.
func Refuse(ctx context.Context, why string) {
	if o, ok := ctx.Value(originKey{}).(*Origin); ok && o.Refused == "" {
		o.Refused = why
	}
}

// OfTx returns where the writes of a transaction come from. It is no use in
// writes that share a transaction (sqldb.Together), whose origins differ.
func OfTx(tx *sqldb.Tx) Origin { return Of(tx.Context()) }
