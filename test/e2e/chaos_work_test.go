package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sloth is about how long a worker rests after each write.
const sloth = 12 * time.Millisecond

// most is how many customers a worker has at a time.
const most = 12

// work writes at random until it is told to stop.
func (w *worker) work() {
	for !w.stopped() {
		w.step()
		time.Sleep(time.Duration(w.r.Int64N(int64(2 * sloth))))
	}
}

// step does one thing.
func (w *worker) step() {
	c := pick[aCustomer](w, nil)
	customers := 0
	for _, t := range w.things {
		if _, ok := t.kind.(aCustomer); ok && !t.gone {
			customers++
		}
	}
	if c == nil || customers < most && w.r.IntN(6) == 0 {
		switch n := w.r.IntN(20); {
		case n < 9:
			w.createV3()
		case n < 16:
			w.createV2()
		case n < 18:
			w.registerGraphQL()
		default:
			w.registerREST()
		}
		return
	}
	deeds := []struct {
		share int
		do    func(*thing)
	}{
		{10, w.updateV3}, {8, w.updateV2}, {4, w.updateGraphQL}, {5, w.deleteCustomer}, {4, w.attribute}, {4, w.consent}, {3, w.tax},
		{8, w.address}, {6, w.changeAddress}, {4, w.deleteAddress}, {6, w.metafield}, {4, w.changeMetafield}, {3, w.deleteMetafield},
		{5, w.wishlist}, {3, w.changeWishlist}, {2, w.deleteWishlist}, {6, w.subscriber}, {4, w.changeSubscriber}, {3, w.deleteSubscriber},
		{3, w.group}, {2, w.changeGroup}, {2, w.deleteGroup}, {2, w.signIn}, {2, w.forgot}, {1, w.settings}, {2, w.batch},
	}
	all := 0
	for _, d := range deeds {
		all += d.share
	}
	n := w.r.IntN(all)
	for _, d := range deeds {
		if n -= d.share; n < 0 {
			d.do(c)
			return
		}
	}
}

func post(w *worker, path string, body any) func() (reply, outcome) {
	return func() (reply, outcome) { return w.write(http.MethodPost, path, managed, body) }
}

func put(w *worker, path string, body any) func() (reply, outcome) {
	return func() (reply, outcome) { return w.write(http.MethodPut, path, managed, body) }
}

func del(w *worker, path string) func() (reply, outcome) {
	return func() (reply, outcome) { return w.write(http.MethodDelete, path, managed, nil) }
}

// Ids in answers: of a list's first row, of a single thing, of a bare one.
func firstID(r reply) int64 {
	if p, err := decode[struct{ ID int64 }](r.body); err == nil && len(p.Data) > 0 {
		return p.Data[0].ID
	}
	return 0
}

func dataID(r reply) int64 {
	var in struct{ Data struct{ ID int64 } }
	_ = json.Unmarshal(r.body, &in) // 0 says that there is none
	return in.Data.ID
}

func bareID(r reply) int64 {
	var in struct{ ID int64 }
	_ = json.Unmarshal(r.body, &in) // 0 says that there is none
	return in.ID
}

// newcomer is a customer to be made, as V3 takes it, with one address.
func (w *worker) newcomer() (t *thing, body map[string]any) {
	email := w.fresh("c") + "@example.com"
	body = person(email)
	t = &thing{kind: aCustomer{}, name: email, want: map[string]string{
		"email": email, "first_name": "First " + email, "last_name": "Last", "company": "Company " + email, "group": "1",
		"size": "42", "Referral": email, "addresses": "1",
	}}
	return t, body
}

// settled notes what follows from a customer that was made with an address.
func (w *worker) settled(t *thing) {
	w.event("customer/created", t.id)
	home := &thing{kind: anAddress{}, owner: t, name: "1 " + t.name, want: map[string]string{"address1": "1 " + t.name, "city": "Austin", "customer": strconv.FormatInt(t.id, 10)}}
	w.look(home.String(), func() (err error) {
		home.id, err = home.kind.find(w, home)
		return err
	})
	if home.id == 0 {
		w.losef("%s has no address", t)
		return
	}
	w.things = append(w.things, home)
	w.event("customer/address/created", home.id)
}

func (w *worker) createV3() {
	t, body := w.newcomer()
	told := w.r.IntN(3) == 0
	body["trigger_account_created_notification"] = told
	w.create(t, post(w, v3Path+"/customers", []any{body}), firstID, func() {
		w.settled(t)
		if told {
			w.email("account_created", t.name)
		}
	})
}

// batch makes three customers in one request: all or none.
func (w *worker) batch(*thing) {
	var things []*thing
	var bodies []any
	for range 3 {
		t, body := w.newcomer()
		things, bodies = append(things, t), append(bodies, body)
	}
	got, o := w.write(http.MethodPost, v3Path+"/customers", managed, bodies)
	w.settle(things[0], "the making of a batch", o, func() (bool, error) {
		n := 0
		for _, t := range things {
			var err error
			if t.id, err = t.kind.find(w, t); err != nil {
				return false, err
			}
			if t.id != 0 {
				n++
			}
		}
		if n != 0 && n != len(things) {
			w.failf("of a batch of %d customers there are %d", len(things), n)
		}
		return n == len(things), nil
	}, func() {
		if o == done {
			p, err := decode[customer](got.body)
			if err != nil || len(p.Data) != len(things) {
				w.failf("a batch is answered with %s", got.body)
				return
			}
			for i := range things {
				things[i].id = p.Data[i].ID
			}
		}
		for _, t := range things {
			w.things = append(w.things, t)
			w.settled(t)
		}
	})
}

func (w *worker) createV2() {
	email := w.fresh("v2") + "@example.com"
	t := &thing{kind: aCustomer{}, name: email, want: map[string]string{"email": email, "first_name": "Two", "last_name": "Last", "company": email, "addresses": "0", "group": "0"}}
	w.create(t, post(w, v2Path+"/customers", map[string]any{"email": email, "first_name": "Two", "last_name": "Last", "company": email}), bareID, func() {
		w.event("customer/created", t.id)
	})
}

func (w *worker) registered(kind string) *thing {
	email := w.fresh(kind) + "@example.com"
	return &thing{kind: aCustomer{}, name: email, password: "a good pass 9", want: map[string]string{"email": email, "first_name": "Reg", "last_name": "Last", "addresses": "0"}}
}

func (w *worker) registerGraphQL() {
	t := w.registered("gql")
	w.create(t, func() (reply, outcome) {
		return w.graphql("", fmt.Sprintf(`mutation { customer { registerCustomer(input: {firstName: "Reg", lastName: "Last", email: %q, password: %q}) { customer { entityId } errors { __typename } } } }`, t.name, t.password))
	}, nil, func() {
		w.event("customer/created", t.id)
		w.email("account_created", t.name)
	})
}

func (w *worker) registerREST() {
	t := w.registered("sf")
	w.create(t, func() (reply, outcome) {
		return w.write(http.MethodPost, "/api/storefront/customers", nil, map[string]any{"firstName": "Reg", "lastName": "Last", "email": t.name, "password": t.password})
	}, nil, func() {
		w.event("customer/created", t.id)
		w.email("account_created", t.name)
	})
}

// graphql asks in the name of a shopper.
func (w *worker) graphql(token, query string) (reply, outcome) {
	header := http.Header{"Authorization": {"Bearer " + w.bearer}}
	if token != "" {
		header.Set("X-Bc-Customer-Access-Token", token)
	}
	return w.write(http.MethodPost, "/graphql", header, map[string]string{"query": query})
}

func (w *worker) updateV3(c *thing) {
	field := []string{"first_name", "company", "notes", "phone"}[w.r.IntN(4)]
	value := w.fresh(field)
	fields, body := map[string]string{field: value}, map[string]any{"id": c.id, field: value}
	if g := pick[aGroup](w, nil); g != nil && w.r.IntN(4) == 0 {
		fields["group"], body["customer_group_id"] = strconv.FormatInt(g.id, 10), g.id
	}
	w.change(c, fields, put(w, v3Path+"/customers", []any{body}), func() { w.event("customer/updated", c.id) })
}

func (w *worker) updateV2(c *thing) {
	value := w.fresh("company")
	w.change(c, map[string]string{"company": value}, put(w, fmt.Sprintf("%s/customers/%d", v2Path, c.id), map[string]any{"company": value}), func() { w.event("customer/updated", c.id) })
}

// shopper returns one of the customers who are signed in, or nil.
func (w *worker) shopper() *thing {
	for _, i := range w.r.Perm(len(w.things)) {
		if t := w.things[i]; t.token != "" && !t.gone {
			return t
		}
	}
	return nil
}

func (w *worker) updateGraphQL(*thing) {
	c := w.shopper()
	if c == nil {
		return
	}
	value := w.fresh("last")
	w.change(c, map[string]string{"last_name": value}, func() (reply, outcome) {
		return w.graphql(c.token, fmt.Sprintf(`mutation { customer { updateCustomer(input: {lastName: %q}) { errors { __typename } } } }`, value))
	}, func() { w.event("customer/updated", c.id) })
}

// signIn signs a customer in, who is to stay so.
func (w *worker) signIn(*thing) {
	for _, t := range w.things {
		if t.password == "" || t.token != "" || t.gone {
			continue
		}
		got, o := w.graphql("", fmt.Sprintf(`mutation { login(email: %q, password: %q) { customerAccessToken { value } } }`, t.name, t.password))
		if o != done {
			return // nobody was told of a token
		}
		var in struct {
			Data struct {
				Login struct{ CustomerAccessToken struct{ Value string } }
			}
		}
		if err := json.Unmarshal(got.body, &in); err != nil || in.Data.Login.CustomerAccessToken.Value == "" {
			w.failf("a sign-in is answered with %s", got.body)
			return
		}
		w.acked.Add(1)
		t.token = in.Data.Login.CustomerAccessToken.Value
		return
	}
}

// forgot asks for an email, once for each customer.
func (w *worker) forgot(*thing) {
	for _, t := range w.things {
		if t.password == "" || t.gone {
			continue
		}
		kind := "password_reset"
		w.mu.Lock()
		before := w.emails[kind+" "+t.name]
		w.mu.Unlock()
		if before > 0 {
			continue
		}
		_, o := w.graphql("", fmt.Sprintf(`mutation { customer { requestResetPassword(input: {email: %q}) { errors { __typename } } } }`, t.name))
		w.settle(t, "a request for an email to "+t.name, o, func() (bool, error) {
			n, err := w.outbox(kind, t.name)
			return n > 0, err
		}, func() { w.email(kind, t.name) })
		return
	}
}

// outbox counts the emails of a kind to an address.
func (w *worker) outbox(kind, to string) (int, error) {
	var in struct{ Data []struct{ Status string } }
	_, err := w.get("/_clientele/outbox.json?limit=250&kind="+kind+"&to="+to, &in)
	return len(in.Data), err
}

func (w *worker) deleteCustomer(c *thing) {
	send := del(w, fmt.Sprintf("%s/customers?id:in=%d", v3Path, c.id))
	if w.r.IntN(2) == 0 {
		send = del(w, fmt.Sprintf("%s/customers/%d", v2Path, c.id))
	}
	w.remove(c, send, func() {
		for _, t := range w.of(c) {
			t.gone = true
			switch t.kind.(type) {
			case anAddress:
				w.event("customer/address/deleted", t.id)
			case aMetafield:
				w.event("metafield/deleted", t.id)
			}
		}
		w.event("customer/deleted", c.id)
		w.mu.Lock()
		w.chaos.gone[c.name] = true
		w.mu.Unlock()
	})
}

func (w *worker) attribute(c *thing) {
	w.made++
	value := strconv.Itoa(w.made)
	w.change(c, map[string]string{"size": value}, put(w, v3Path+"/customers/attribute-values", []any{map[string]any{"customer_id": c.id, "attribute_id": 1, "value": value}}), nil)
}

func (w *worker) consent(c *thing) {
	allow, deny := []string{"analytics"}, []string{"functional", "targeting"}
	if c.want["consent"] == "analytics" {
		allow, deny = []string{"analytics", "functional"}, []string{"targeting"}
	}
	if _, ok := c.want["consent"]; !ok {
		c.want["consent"] = ""
	}
	w.change(c, map[string]string{"consent": strings.Join(allow, ",")}, put(w, fmt.Sprintf("%s/customers/%d/consent", v3Path, c.id), map[string]any{"allow": allow, "deny": deny}), nil)
}

func (w *worker) tax(c *thing) {
	value := w.fresh("tax")
	if _, ok := c.want["tax"]; !ok {
		c.want["tax"] = ""
	}
	w.change(c, map[string]string{"tax": value}, put(w, v3Path+"/tax/customers", []any{map[string]any{"customer_id": c.id, "tax_properties": map[string]string{"exemption": value}}}), nil)
}

// grown notes that a customer has so many addresses more.
func grown(c *thing, by int) {
	n, _ := strconv.Atoi(c.want["addresses"])
	c.want["addresses"] = strconv.Itoa(n + by)
}

func (w *worker) address(c *thing) {
	street := w.fresh("street")
	send := post(w, v3Path+"/customers/addresses", []any{map[string]any{
		"customer_id": c.id, "first_name": "A", "last_name": "B", "address1": street, "city": "Austin", "state_or_province": "Texas", "postal_code": "78701", "country_code": "US",
	}})
	id := firstID
	switch w.r.IntN(3) {
	case 0:
		send, id = post(w, fmt.Sprintf("%s/customers/%d/addresses", v2Path, c.id), map[string]any{
			"first_name": "A", "last_name": "B", "street_1": street, "city": "Austin", "state": "Texas", "zip": "78701", "country": "United States", "phone": "1",
		}), bareID
	case 1:
		if s := w.shopper(); s != nil {
			c = s
			send, id = func() (reply, outcome) {
				return w.graphql(s.token, fmt.Sprintf(`mutation { customer { addCustomerAddress(input: {firstName: "A", lastName: "B", address1: %q, city: "Austin", countryCode: "US", stateOrProvince: "Texas", postalCode: "78701"}) { errors { __typename } } } }`, street))
			}, nil
		}
	}
	t := &thing{kind: anAddress{}, owner: c, name: street, want: map[string]string{"address1": street, "city": "Austin", "customer": strconv.FormatInt(c.id, 10)}}
	w.create(t, send, id, func() {
		grown(c, 1)
		w.event("customer/address/created", t.id)
	})
}

func (w *worker) changeAddress(*thing) {
	t := pick[anAddress](w, nil)
	if t == nil {
		return
	}
	city := w.fresh("city")
	send := put(w, v3Path+"/customers/addresses", []any{map[string]any{"id": t.id, "city": city}})
	if w.r.IntN(2) == 0 {
		send = put(w, fmt.Sprintf("%s/customers/%d/addresses/%d", v2Path, t.owner.id, t.id), map[string]any{"city": city})
	}
	if t.owner.token != "" && w.r.IntN(2) == 0 {
		send = func() (reply, outcome) {
			return w.graphql(t.owner.token, fmt.Sprintf(`mutation { customer { updateCustomerAddress(input: {addressEntityId: %d, data: {city: %q}}) { errors { __typename } } } }`, t.id, city))
		}
	}
	w.change(t, map[string]string{"city": city}, send, func() { w.event("customer/address/updated", t.id) })
}

func (w *worker) deleteAddress(*thing) {
	t := pick[anAddress](w, nil)
	if t == nil {
		return
	}
	send := del(w, fmt.Sprintf("%s/customers/addresses?id:in=%d", v3Path, t.id))
	if w.r.IntN(2) == 0 {
		send = del(w, fmt.Sprintf("%s/customers/%d/addresses/%d", v2Path, t.owner.id, t.id))
	}
	if t.owner.token != "" && w.r.IntN(2) == 0 {
		send = func() (reply, outcome) {
			return w.graphql(t.owner.token, fmt.Sprintf(`mutation { customer { deleteCustomerAddress(input: {addressEntityId: %d}) { errors { __typename } } } }`, t.id))
		}
	}
	w.remove(t, send, func() {
		grown(t.owner, -1)
		w.event("customer/address/deleted", t.id)
	})
}

func (w *worker) metafield(c *thing) {
	t := &thing{kind: aMetafield{}, owner: c, name: w.fresh("key")}
	value := w.fresh("value")
	t.want = map[string]string{"key": t.name, "value": value}
	body := map[string]any{"namespace": "chaos", "key": t.name, "value": value, "permission_set": "write"}
	w.create(t, post(w, fmt.Sprintf("%s/customers/%d/metafields", v3Path, c.id), body), dataID, func() { w.event("metafield/created", t.id) })
}

func (w *worker) changeMetafield(*thing) {
	if t := pick[aMetafield](w, nil); t != nil {
		value := w.fresh("value")
		w.change(t, map[string]string{"value": value}, put(w, fmt.Sprintf("%s/customers/%d/metafields/%d", v3Path, t.owner.id, t.id), map[string]any{"value": value}), func() { w.event("metafield/updated", t.id) })
	}
}

func (w *worker) deleteMetafield(*thing) {
	if t := pick[aMetafield](w, nil); t != nil {
		w.remove(t, del(w, fmt.Sprintf("%s/customers/%d/metafields/%d", v3Path, t.owner.id, t.id)), func() { w.event("metafield/deleted", t.id) })
	}
}

func (w *worker) wishlist(c *thing) {
	t := &thing{kind: aWishlist{}, name: w.fresh("list")}
	send := post(w, v3Path+"/wishlists", map[string]any{"customer_id": c.id, "is_public": false, "name": t.name, "items": []any{map[string]any{"product_id": 7}}})
	id := dataID
	if s := w.shopper(); s != nil && w.r.IntN(2) == 0 {
		c = s
		send, id = func() (reply, outcome) {
			return w.graphql(s.token, fmt.Sprintf(`mutation { wishlist { createWishlist(input: {name: %q, isPublic: false, items: [{productEntityId: 7}]}) { result { entityId } } } }`, t.name))
		}, nil
	}
	t.owner = c
	t.want = map[string]string{"name": t.name, "customer": strconv.FormatInt(c.id, 10), "items": "1"}
	w.create(t, send, id, nil)
}

func (w *worker) changeWishlist(*thing) {
	if t := pick[aWishlist](w, nil); t != nil {
		w.made++
		items, _ := strconv.Atoi(t.want["items"])
		w.change(t, map[string]string{"items": strconv.Itoa(items + 1)}, post(w, fmt.Sprintf("%s/wishlists/%d/items", v3Path, t.id), map[string]any{"items": []any{map[string]any{"product_id": 100 + w.made}}}), nil)
	}
}

func (w *worker) deleteWishlist(*thing) {
	if t := pick[aWishlist](w, nil); t != nil {
		w.remove(t, del(w, fmt.Sprintf("%s/wishlists/%d", v3Path, t.id)), nil)
	}
}

func (w *worker) subscriber(*thing) {
	email := w.fresh("reader") + "@example.com"
	t := &thing{kind: aSubscriber{}, name: email, want: map[string]string{"email": email, "consents": "marketing_newsletter"}}
	send, id := post(w, v3Path+"/customers/subscribers", map[string]any{"email": email, "first_name": "Reader", "consents": []string{"marketing_newsletter"}}), dataID
	switch w.r.IntN(3) {
	case 0:
		send, id = func() (reply, outcome) {
			return w.write(http.MethodPost, "/api/storefront/subscriptions", nil, map[string]any{"email": email, "acceptsMarketingNewsletter": true})
		}, nil
	case 1:
		send, id = func() (reply, outcome) {
			return w.graphql("", fmt.Sprintf(`mutation { newsletter { subscribe(input: {email: %q, firstName: "Reader", lastName: "L"}) { errors { __typename } } } }`, email))
		}, nil
	}
	w.create(t, send, id, func() { w.event("subscriber/created", t.id) })
}

func (w *worker) changeSubscriber(*thing) {
	if t := pick[aSubscriber](w, nil); t != nil {
		value := w.fresh("first")
		w.change(t, map[string]string{"first_name": value}, put(w, fmt.Sprintf("%s/customers/subscribers/%d", v3Path, t.id), map[string]any{"first_name": value}), func() { w.event("subscriber/updated", t.id) })
	}
}

func (w *worker) deleteSubscriber(*thing) {
	if t := pick[aSubscriber](w, nil); t != nil {
		w.remove(t, del(w, fmt.Sprintf("%s/customers/subscribers/%d", v3Path, t.id)), func() { w.event("subscriber/deleted", t.id) })
	}
}

func (w *worker) group(*thing) {
	t := &thing{kind: aGroup{}, name: w.fresh("group")}
	t.want = map[string]string{"name": t.name}
	w.create(t, post(w, v2Path+"/customer_groups", map[string]any{"name": t.name}), bareID, nil)
}

func (w *worker) changeGroup(*thing) {
	if t := pick[aGroup](w, nil); t != nil {
		name := w.fresh("group")
		w.change(t, map[string]string{"name": name}, put(w, fmt.Sprintf("%s/customer_groups/%d", v2Path, t.id), map[string]any{"name": name}), nil)
	}
}

// deleteGroup deletes a group. Its customers leave it first, in writes of their
// own, so they may have left a group that was not deleted.
func (w *worker) deleteGroup(*thing) {
	t := pick[aGroup](w, nil)
	if t == nil {
		return
	}
	w.remove(t, del(w, fmt.Sprintf("%s/customer_groups/%d", v2Path, t.id)), nil)
	for _, c := range w.things {
		if _, ok := c.kind.(aCustomer); !ok || c.gone || c.want["group"] != strconv.FormatInt(t.id, 10) {
			continue
		}
		left := t.gone
		if !left {
			w.look(c.String(), func() error {
				have, _, err := c.kind.read(w, c)
				left = have["group"] == "0"
				return err
			})
		}
		if left {
			c.want["group"] = "0"
			w.event("customer/updated", c.id)
		}
	}
}

// settings are one worker's.
func (w *worker) settings(*thing) {
	if w.n != 0 {
		return
	}
	t := pick[aSetting](w, nil)
	if t == nil {
		t = &thing{kind: aSetting{}, name: "settings", want: map[string]string{"policy": ""}}
		w.things = append(w.things, t)
	}
	value := "https://example.com/" + w.fresh("policy")
	w.change(t, map[string]string{"policy": value}, put(w, v3Path+"/customers/settings", map[string]any{"privacy_settings": map[string]any{"policy_url": value}}), nil)
}

// signedIn reports whether a customer's access token is good.
func (w *worker) signedIn(t *thing) (bool, error) {
	got, err := w.send(http.MethodPost, "/graphql", http.Header{"Authorization": {"Bearer " + w.bearer}, "X-Bc-Customer-Access-Token": {t.token}}, map[string]string{"query": `{ customer { entityId } }`})
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("%d %s", got.status, got.body)
	}
	return bytes.Contains(got.body, fmt.Appendf(nil, `"entityId":%d}`, t.id)), err
}

// live are the things of a kind that are there, of all workers.
func live[K kind](workers []*worker) map[int64]*thing {
	out := map[int64]*thing{}
	for _, w := range workers {
		for _, t := range w.things {
			if _, ok := t.kind.(K); ok && !t.gone {
				out[t.id] = t
			}
		}
	}
	return maps.Clone(out)
}
