import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

@ExtendWith(ClienteleExtension.class)
class StoreTest {
  private static final String ADA = "[{\"email\":\"ada@example.com\",\"first_name\":\"Ada \\u00e9\",\"last_name\":\"Lovelace\"}]";

  private ClienteleExtension.Store before;

  @BeforeEach
  void before(ClienteleExtension.Store store) {
    before = store;
  }

  @RepeatedTest(4)
  void eachBeginsAsTheStoreIs(ClienteleExtension.Store store) {
    assertEquals(before, store);
    assertEquals(200, store.api("POST", "/v3/customers", ADA).status);
    assertEquals(2, customers(store).size());
    assertEquals("Ada é", customers(store).get(1).get("first_name"));
    store.expect("{\"method\":\"POST\",\"route\":\"/customers\",\"email\":\"ada@example.com\"}", 1);
    AssertionError missed = assertThrows(AssertionError.class, () -> store.expect("{\"method\":\"PUT\",\"route\":\"/customers\"}", 1));
    assertTrue(missed.getMessage().contains("\"want\":\"PUT\""), missed.getMessage());
    store.reset();
    assertEquals(1, customers(store).size());
  }

  @Test
  void faultsAreOfOneStore(ClienteleExtension.Store store, ClienteleExtension.Server server) {
    ClienteleExtension.Store other = server.store("abc123");
    String fault = store.fault("{\"match\":{\"surface\":\"v3\",\"method\":\"GET\"},\"effect\":{\"status\":{\"code\":503}},\"times\":1}");
    assertEquals(200, other.api("GET", "/v3/customers", null).status);
    assertEquals(503, store.api("GET", "/v3/customers", null).status);
    assertEquals(200, store.api("GET", "/v3/customers", null).status);
    assertEquals(503L, store.requests("fault", fault).get(0).get("status"));
    server.removeFault(fault);
    other.delete();
  }

  @Test
  void theClockMoves(ClienteleExtension.Server server) {
    server.freeze(true);
    Instant start = server.now();
    server.advance(Duration.ofHours(48));
    assertEquals(Duration.ofHours(48), Duration.between(start, server.now()));
    assertEquals(List.of(), server.emails("to", "nobody@example.com"));
    server.freeze(false);
    ClienteleExtension.ClienteleException refused = assertThrows(ClienteleExtension.ClienteleException.class, () -> server.control("GET", "/nothing", null));
    assertEquals(404, refused.answer.status);
  }

  @SuppressWarnings("unchecked")
  static List<Map<String, Object>> customers(ClienteleExtension.Store store) {
    return (List<Map<String, Object>>) ((Map<String, Object>) store.api("GET", "/v3/customers?sort=date_created:asc", null).json()).get("data");
  }
}

class NamedStoreTest {
  @RegisterExtension static final ClienteleExtension CLIENTELE = new ClienteleExtension(new ClienteleExtension.Server(), "abc123");

  @Test
  void aStoreCanBeNamed(ClienteleExtension.Store store) {
    assertEquals(1, StoreTest.customers(store).size());
    assertTrue(store.storefrontUrl.startsWith("http://store-" + store.hash + ".localhost:"), store.storefrontUrl);
  }
}
