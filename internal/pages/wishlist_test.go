package pages_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/wishlist"
)

var sharedLink = regexp.MustCompile(`href="http://[^"/]+(/wishlist\.php\?publicwishlist=[0-9a-f-]+)"`)

// A shopper makes, renames, shares, empties and deletes wishlists.
func TestWishlists(t *testing.T) {
	each(t, strings.Replace(shop, ", force_password_reset: true", "", 1), func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/wishlist.php?action=addwishlist").want(200, "/login.php?from=%2Fwishlist.php%3Faction%3Daddwishlist", "Please sign in first.")
		b.signIn("jane@example.com", "correct horse 1").want(200, "/account.php", `href="/wishlist.php"`)
		b.get("/wishlist.php").want(200, "", "You have no wishlists yet.", `<a href="/wishlist.php" aria-current="page">`)
		b.get("/wishlist.php?action=addwishlist").want(200, "", `name="is_public" value="1"`, `aria-current="page"`, "!checked")
		b.post("/wishlist.php?action=addwishlist", "name", " ").want(422, "", "Please fill this in.")
		b.post("/wishlist.php?action=addwishlist", "name", strings.Repeat("ä", 256)).want(422, "", "At most 255 characters.")
		b.post("/wishlist.php?action=addwishlist", "name", " Jane's <garden> ").want(200, "/wishlist.php?action=viewwishlistitems&wishlistid=1",
			"The wishlist is saved.", "Jane&#39;s &lt;garden&gt;", "0 products", "Only you can see it", "There is nothing on this list yet.", "!publicwishlist")
		if _, err := w.Wishlists.AddItems(t.Context(), 1, 1, 1, []wishlist.Item{{ProductID: 77, VariantID: 152}, {ProductID: 80}}); err != nil {
			t.Fatal(err)
		}
		b.get("/wishlist.php").want(200, "", "2 products", "!Shared")
		kept, err := w.Wishlists.Get(t.Context(), 1, 1, 1)
		if err != nil {
			t.Fatal(err)
		}

		// To others there is no such list until it is shared, and then nothing of
		// its owner is on its page.
		guest, joe := w.browser(t), w.browser(t).signIn("joe@example.com", "battery staple 2").want(200, "/account.php")
		for _, path := range []string{"/wishlist.php?publicwishlist=" + kept.Token, "/wishlist.php?publicwishlist=nonsense", "/wishlist.php?publicwishlist=%00"} {
			guest.get(path).want(404, "", "Page not found")
		}
		b.get("/wishlist.php?action=editwishlist&wishlistid=1").want(200, "", `value="Jane&#39;s &lt;garden&gt;"`)
		b.post("/wishlist.php?action=editwishlist&wishlistid=1", "name", "").want(422, "", "Please fill this in.")
		b.post("/wishlist.php?action=editwishlist&wishlistid=1", "name", "Spring", "is_public", "1").want(200, "/wishlist.php?action=viewwishlistitems&wishlistid=1", "Spring", "Product 77, variant 152", "Product 80")
		link := sharedLink.FindStringSubmatch(b.body)
		if link == nil || link[1] != "/wishlist.php?publicwishlist="+kept.Token {
			t.Fatalf("no link to share: %v\n%s", link, b.body)
		}
		b.get("/wishlist.php").want(200, "", "Spring", "Shared")
		guest.get(link[1]).want(200, "", "Spring", "2 products", "Product 77, variant 152", "Product 80", "!Jane", "!jane@", "!Remove", "!Edit", "!wishlistid", "!Only you")
		b.get(link[1]).want(200, "", "Spring", "!Remove")

		// Nobody else reaches it by its id.
		for _, action := range []string{"viewwishlistitems", "sharewishlist", "editwishlist", "deletewishlist"} {
			for _, id := range []string{"1", "9", "0", "x", "9999999999999999999", ""} {
				joe.get("/wishlist.php?action="+action+"&wishlistid="+id).want(404, "", "!Spring")
			}
		}
		joe.get("/wishlist.php").want(200, "", "You have no wishlists yet.")
		joe.post("/wishlist.php?action=editwishlist&wishlistid=1", "name", "Mine").want(404, "")
		joe.get("/wishlist.php").post("/wishlist.php?action=viewwishlistitems&wishlistid=1", "item_id", "1").want(404, "")
		joe.get("/wishlist.php").post("/wishlist.php?action=deletewishlist&wishlistid=1").want(200, "/wishlist.php")
		b.get("/wishlist.php?action=sharewishlist&wishlistid=1").want(200, "", "Spring", "2 products")

		// An item goes once.
		b.post("/wishlist.php?action=viewwishlistitems&wishlistid=1", "item_id", "1").want(200, "/wishlist.php?action=viewwishlistitems&wishlistid=1", "The product is off your list.", "1 product", "!Product 77", "Product 80")
		b.post("/wishlist.php?action=viewwishlistitems&wishlistid=1", "item_id", "1").want(200, "", "1 product", "Product 80")
		b.post("/wishlist.php?action=viewwishlistitems&wishlistid=1", "item_id", "x").want(404, "")

		// Private again, its page is gone; deleted, so is the list.
		b.get("/wishlist.php?action=editwishlist&wishlistid=1").want(200, "", "checked").post("/wishlist.php?action=editwishlist&wishlistid=1", "name", "Spring").want(200, "", "Only you can see it")
		guest.get(link[1]).want(404, "")
		b.get("/wishlist.php?action=deletewishlist&wishlistid=1").want(200, "", "Delete this wishlist?", "Spring")
		b.post("/wishlist.php?action=deletewishlist&wishlistid=1").want(200, "/wishlist.php", "The wishlist is deleted.", "You have no wishlists yet.")
		b.post("/wishlist.php?action=deletewishlist&wishlistid=1").want(200, "/wishlist.php")
		b.get("/wishlist.php?action=viewwishlistitems&wishlistid=1").want(404, "")
	})
}

// Many lists, and many items, are on several pages, and one list too many is
// refused in words.
func TestWishlistPages(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		var items []wishlist.Item
		for i := range 120 {
			items = append(items, wishlist.Item{ProductID: int64(1001 + i)})
		}
		for i := range wishlist.MaxLists {
			if _, err := w.Wishlists.Create(t.Context(), 1, wishlist.Create{CustomerID: 1, Name: fmt.Sprintf("List-%03d", i+1), IsPublic: i == 0, Items: items}); err != nil {
				t.Fatal(err)
			}
			items = nil
		}
		b := w.browser(t).signIn("jane@example.com", "correct horse 1")
		b.get("/wishlist.php").want(200, "", "List-001", "List-020", "!List-021", "120 products", "Next page", "!Previous page")
		b.get("/wishlist.php?after=20").want(200, "", "!List-020", "List-021", "List-040", "!List-041", "/wishlist.php?after=40", "/wishlist.php?before=21")
		b.get("/wishlist.php?before=21").want(200, "", "List-001", "List-020", "!List-021", "!Previous page")
		b.get("/wishlist.php?after=180").want(200, "", "List-200", "!Next page")
		b.get("/wishlist.php?after=x").want(200, "", "List-001")
		b.get("/wishlist.php?action=addwishlist").post("/wishlist.php?action=addwishlist", "name", "One more").want(422, "", "You can have 200 wishlists.", `value="One more"`)
		list, err := w.Wishlists.Get(t.Context(), 1, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, base := range []string{"/wishlist.php?action=viewwishlistitems&wishlistid=1", "/wishlist.php?publicwishlist=" + list.Token} {
			b.get(base).want(200, "", "Product 1001", "Product 1050", "!Product 1051", "120 products")
			next := regexp.MustCompile(`href="([^"]*after=50[^"]*)"`).FindStringSubmatch(b.body)
			if next == nil {
				t.Fatalf("no next page\n%s", b.body)
			}
			b.get(strings.ReplaceAll(next[1], "&amp;", "&")).want(200, "", "!Product 1050", "Product 1051", "Product 1100", "!Product 1101", "after=100", "before=51")
		}
	})
}

// The pages of the original's account about what is not kept here are empty;
// what is no page of it is not found.
func TestActions(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/account.php?action=order_status").want(200, "/login.php?from=%2Faccount.php%3Faction%3Dorder_status")
		b.signIn("jane@example.com", "correct horse 1")
		for action, text := range map[string]string{
			"order_status": "There are no orders in your account.", "view_orders": "There are no orders in your account.", "view_returns": "There are no returns",
			"inbox": "You have no messages.", "recent_items": "not recorded here", "payment_methods": "No payment methods",
		} {
			b.get("/account.php?action="+action).want(200, "", text, "!Hello, Jane", `aria-label="My account"`, `!aria-current="page"`)
			b.do("POST", "/account.php?action="+action, "", "").want(405, "")
		}
		for _, path := range []string{
			"/account.php?action=orders", "/account.php?action=returns", "/account.php?action=wishlist", "/account.php?action=nonsense", "/account.php?action=overview",
			"/login.php?action=nonsense", "/subscribe.php?action=nonsense", "/wishlist.php?action=nonsense", "/wishlist.php?action=add&product_id=1",
		} {
			b.get(path).want(404, path, "Page not found", "!Hello, Jane", "![")
			b.do("POST", path, "", "").want(404, "")
		}
		// Pages without actions have no use for the parameter.
		for _, path := range []string{"/?action=nonsense", "/unsubscribe.php?action=nonsense", "/change-password?action=nonsense"} {
			if b.get(path); b.status == http.StatusNotFound {
				t.Errorf("%s: %d", path, b.status)
			}
		}
	})
}

// An account shows its orders and the products on its wishlists, and nobody
// else's.
func TestOrders(t *testing.T) {
	each(t, shop+`
      - id: 7
        email: zoe@example.com
        first_name: Zoe
        last_name: Zee
        password: "correct horse 1"
        wishlists: [{name: Wanted, items: [{product_id: 5}, {product_id: 6}, {product_id: 7}]}]
        orders:
          - {id: 40, date: 2024-05-14, status: Completed, lines: [{product_id: 5, quantity: 3}]}
          - {id: 41, date: 2024-05-15, status: Shipped, total: "35.5", lines: [{product_id: 6}]}
      - {id: 8, email: other@example.com, first_name: O, last_name: T, password: "correct horse 1", orders: [{id: 42, date: 2024-05-15, status: Pending}]}
    products:
      - {id: 5, name: Watering can, sku: CAN, price: "19.9"}
      - {id: 6, name: Rake, price: "30", in_stock: false}
`, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/account.php?action=view_order&order_id=40").want(200, "/login.php?from=%2Faccount.php%3Faction%3Dview_order%26order_id%3D40")
		b.signIn("zoe@example.com", "correct horse 1")
		b.get("/account.php").want(200, "", "Order 41", "Shipped", "$35.50", "!Order 42")
		for _, action := range []string{"order_status", "view_orders"} {
			b.get("/account.php?action="+action).want(200, "", `href="/account.php?action=view_order&amp;order_id=41"`, "Order 40", "3 items", "$59.70", "1 item<", "May 15, 2024", "!Order 42")
		}
		if strings.Index(b.body, "Order 41") > strings.Index(b.body, "Order 40") {
			t.Error("the newest is not the first")
		}
		b.get("/account.php?action=order_status&after=41").want(200, "", "Order 40", "!Order 41", "before=40")
		b.get("/account.php?action=view_order&order_id=40").want(200, "", "Order 40", "Completed", "Watering can", "SKU CAN", "3 × $19.90", "$59.70", "!Subtotal")
		b.get("/account.php?action=view_order&order_id=41").want(200, "", "Rake", "Subtotal", "$30.00", "$35.50")
		b.lang = "de"
		b.get("/account.php?action=view_order&order_id=41").want(200, "", "Bestellung 41", "Versandt", "Zwischensumme")
		b.lang = ""
		for _, q := range []string{"order_id=42", "order_id=99", "order_id=x", ""} {
			b.get("/account.php?action=view_order&"+q).want(404, "", "Page not found")
		}
		b.get("/wishlist.php?action=viewwishlistitems&wishlistid=1").want(200, "", "Watering can", "$19.90", "Rake", "Out of stock", "Product 7", "!Product 5")
	})
}
