package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/jwt"
)

// What shoppers do: sign in, look at their account, subscribe.

const (
	signers         = fewest // the first customers, who have this password
	shopperPassword = "Benchmark-1"
)

// shop is what requests of shoppers need, from the server that is measured.
type shop struct {
	impersonation string   // a token for GraphQL
	sessions      []string // cookies, one for each client
}

// openShop makes them.
func (b *bencher) openShop(ctx context.Context, addr string) (*shop, error) {
	text, err := fetch(ctx, addr, 200, 0, func(buf []byte) []byte {
		body := fmt.Sprintf(`{"channel_id":1,"expires_at":%d}`, time.Now().Add(24*time.Hour).Unix())
		return fmt.Appendf(buf, "POST /stores/%s/v3/storefront/api-token-customer-impersonation HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", storeHash, accessToken, len(body), body)
	})
	if err != nil {
		return nil, err
	}
	var answer struct{ Data struct{ Token string } }
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	s := &shop{impersonation: answer.Data.Token}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i := range b.Clients {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+string(appendLogin(nil, int64(1+i%signers))), nil)
		if err != nil {
			return nil, err
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		res.Body.Close()
		at := slices.IndexFunc(res.Cookies(), func(c *http.Cookie) bool { return c.Name == sessionCookie })
		if at < 0 {
			return nil, errors.New("a login token does not sign in")
		}
		s.sessions = append(s.sessions, res.Cookies()[at].Value)
	}
	return s, nil
}

const sessionCookie = "SHOP_SESSION_TOKEN"

var logins atomic.Int64

// appendLogin appends the path that signs a customer in, once.
func appendLogin(b []byte, customer int64) []byte {
	now := time.Now().Unix()
	claims := fmt.Appendf(nil, `{"iss":"%s","iat":%d,"jti":"%d-%d","operation":"customer_login","store_hash":"%s","customer_id":%d}`, clientID, now, now, logins.Add(1), storeHash, customer)
	return append(append(b, "/login/token/"...), jwt.SignHMAC(jwt.HS256, secret, claims)...)
}

// signer is one of those with a password. Clients do not share one.
func (g *gen) signer() int64 {
	const stride = signers / 64
	return 1 + int64(g.client%64)*stride + g.rng.Int64N(stride)
}

const formHead = " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nCookie: clientele_form=00112233445566778899aabbccddeeff\r\nContent-Length: "

// sendSignIn posts the form of the sign-in page.
func sendSignIn(g *gen, b []byte) []byte {
	body := appendEmail([]byte("authenticity_token=00112233445566778899aabbccddeeff&login_pass="+shopperPassword+"&login_email="), g.signer())
	b = strconv.AppendInt(append(b, "POST /login.php?action=check_login"+formHead...), int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

func sendLogin(g *gen, b []byte) []byte {
	b = appendLogin(append(b, "GET "...), g.signer())
	return append(b, " HTTP/1.1\r\nHost: localhost\r\n\r\n"...)
}

func sendCurrent(g *gen, b []byte) []byte {
	b = append(b, "GET /customer/current.jwt?app_client_id="+clientID+" HTTP/1.1\r\nHost: localhost\r\nCookie: "+sessionCookie+"="...)
	return append(append(b, g.session()...), "\r\n\r\n"...)
}

func (g *gen) session() string { return g.shop.sessions[g.client%len(g.shop.sessions)] }

const (
	shopperQuery  = `query Account { customer { entityId email firstName lastName addresses(first: 10) { edges { node { entityId firstName lastName address1 city stateOrProvince countryCode postalCode } } } } }`
	settingsQuery = `query Register { site { settings { storeName status url { vanityUrl } reCaptcha { siteKey isEnabledOnStorefront } customers { passwordComplexitySettings { minimumPasswordLength requireNumbers } } formFields { customer { entityId label isRequired isBuiltIn } shippingAddress { entityId label isRequired isBuiltIn } } } } }`
	loginQuery    = `mutation SignIn($email: String!, $password: String!) { login(email: $email, password: $password) { result customerAccessToken { value expiresAt } } }`
)

// sendQuery asks GraphQL on behalf of a customer, or of nobody for 0.
func (g *gen) sendQuery(b []byte, customer int64, query, variables string) []byte {
	body := appendQuery(nil, query, variables)
	b = append(append(b, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "...), g.shop.impersonation...)
	if customer != 0 {
		b = strconv.AppendInt(append(b, "\r\nX-Bc-Customer-Id: "...), customer, 10)
	}
	b = strconv.AppendInt(append(b, "\r\nContent-Length: "...), int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

func sendShopperQuery(g *gen, b []byte) []byte { return g.sendQuery(b, g.id(), shopperQuery, "") }

func sendSettingsQuery(g *gen, b []byte) []byte { return g.sendQuery(b, 0, settingsQuery, "") }

func sendLoginQuery(g *gen, b []byte) []byte {
	return g.sendQuery(b, 0, loginQuery, `{"email":"`+string(appendEmail(nil, g.signer()))+`","password":"`+shopperPassword+`"}`)
}

// sendSubscribe comes from a new address each time, as the server bounds what
// one address may write.
func sendSubscribe(_ *gen, b []byte) []byte {
	n := created.Add(1)
	body := append(appendEmail([]byte(`{"acceptsMarketingNewsletter":true,"email":"`), farAbove+n), `"}`...)
	b = fmt.Appendf(b, "POST /api/storefront/subscriptions HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.%d.%d.%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", n>>16&255, n>>8&255, n&255, len(body))
	return append(b, body...)
}

// CrowdRow is how many sign in a second with a password by how many clients
// try at once, with the most memory that took, and how long another client's
// read of a customer takes meanwhile.
type CrowdRow struct {
	Clients int
	rates   []float64
	memory  int64
	waits   []time.Duration
	p99s    []time.Duration
}

// Rate, Wait and Late are medians over the runs: sign-ins a second, and the
// median and the 99th percentile of the reads.
func (r *CrowdRow) Rate() float64 { return median(r.rates) }

// Wait is described at Rate.
func (r *CrowdRow) Wait() time.Duration { return median(r.waits) }

// Late is described at Rate.
func (r *CrowdRow) Late() time.Duration { return median(r.p99s) }

// crowds are how many sign in at once; with none there are only the reads.
var crowds = []int{0, 1, 2, 16, 64}

// crowd measures sign-ins by growing crowds.
func (b *bencher) crowd(ctx context.Context, server *child) ([]*CrowdRow, error) {
	at := func(name string) *Case {
		return Cases[slices.IndexFunc(Cases, func(k *Case) bool { return k.Name == name })]
	}
	signIn, read := at(caseSignIn), at(caseGet)
	rows := make([]*CrowdRow, len(crowds))
	for i, n := range crowds {
		rows[i] = &CrowdRow{Clients: n}
	}
	for run := range b.Runs {
		for _, row := range rows {
			reading, stop := context.WithCancel(ctx)
			var waits []time.Duration
			var failed error
			var wg sync.WaitGroup
			wg.Go(func() { waits, failed = b.watch(reading, server.addr, read.toServer(b.gen(b.Customers, run, 99))) })
			wg.Go(func() {
				for reading.Err() == nil {
					if now, _ := server.memory(); now > row.memory {
						row.memory = now
					}
					time.Sleep(5 * time.Millisecond)
				}
			})
			done, err := pace{}, error(nil)
			if row.Clients == 0 {
				time.Sleep(b.Duration)
			} else {
				done, err = drive(ctx, []string{server.addr}, row.Clients, b.warm(), b.Duration, signIn.status, func(client int) requester {
					return signIn.toServer(b.gen(b.Customers, run, client))
				})
			}
			stop()
			wg.Wait()
			if err := errors.Join(err, failed); err != nil {
				return nil, err
			}
			slices.Sort(waits)
			row.rates = append(row.rates, done.rate)
			row.waits = append(row.waits, waits[len(waits)/2])
			row.p99s = append(row.p99s, waits[len(waits)*99/100])
		}
	}
	for _, row := range rows {
		b.say("%-11s %2d clients %6.0f/s  memory at most %s  reads meanwhile %s, 99th percentile %s", caseCrowd, row.Clients, row.Rate(), mebibytes(row.memory), millis(row.Wait()), millis(row.Late()))
	}
	return rows, nil
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// watch sends a request every few milliseconds until ctx ends and returns how
// long the answers took.
func (b *bencher) watch(ctx context.Context, addr string, next requester) (waits []time.Duration, err error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	for ctx.Err() == nil || len(waits) == 0 {
		start := time.Now()
		if err := c.conn.SetDeadline(start.Add(answerWithin)); err != nil {
			return nil, err
		}
		if err := c.do(next, 200, nil); err != nil {
			return nil, err
		}
		waits = append(waits, time.Since(start))
		time.Sleep(2 * time.Millisecond)
	}
	return waits, nil
}

func (r *CrowdRow) figure() Figure {
	return figureOf(fmt.Sprintf("%d that sign in at once", r.Clients), "", amount(unitRate, r.rates...), inMiB(r.memory), inMillis(r.waits...), inMillis(r.p99s...)).
		as("%s sign-ins a second, memory %s, another client's read %s, 99th percentile %s")
}

// crowdTable is what crowd found.
func crowdTable(rows []*CrowdRow) [][]string {
	out := [][]string{{"Clients that sign in at once", "Sign-ins a second", "Memory at most", "Another client's read", "99th percentile"}}
	for _, r := range rows {
		cells := []string{strconv.Itoa(r.Clients)}
		for _, a := range r.figure().Amounts {
			cells = append(cells, a.text())
		}
		if r.Clients == 0 {
			cells[1] = "–"
		}
		out = append(out, cells)
	}
	return out
}
