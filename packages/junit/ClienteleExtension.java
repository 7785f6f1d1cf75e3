import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * JUnit 5 for Clientele, a stand-in for BigCommerce's customer APIs: a test that takes a Store has
 * one of its own, so tests run at once.
 *
 * <pre>
 * &#64;ExtendWith(ClienteleExtension.class)
 * class SyncTest {
 *   &#64;Test
 *   void aRetryMakesOneCustomer(ClienteleExtension.Store store) {
 *     store.fault("{\"match\":{\"method\":\"POST\"},\"effect\":{\"drop\":\"after_commit\"},\"times\":1}");
 *     sync(store.managementUrl, store.token);
 *     store.expect("{\"method\":\"POST\",\"route\":\"/customers\"}", 2);
 *   }
 * }
 * </pre>
 *
 * Copy this file into a package of your tests. The server is found by CLIENTELE_URL and
 * CLIENTELE_CONTROL_TOKEN. It needs Java 11 or newer, and nothing besides JUnit.
 */
public final class ClienteleExtension implements ParameterResolver, AfterEachCallback {
  private static final ExtensionContext.Namespace SPACE = ExtensionContext.Namespace.create(ClienteleExtension.class);

  private final Server server;
  private final String from;

  /** Is for {@code @ExtendWith}. */
  public ClienteleExtension() {
    this(new Server(), null);
  }

  /**
   * Is for {@code @RegisterExtension}.
   *
   * @param from the store that each test's begins as: a hash, snapshot:NAME, or null
   */
  public ClienteleExtension(Server server, String from) {
    this.server = server;
    this.from = from;
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Store.class || type == Server.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    if (parameter.getParameter().getType() == Server.class) {
      return server;
    }
    // One for the test, its methods before it and those after it.
    return context.getStore(SPACE).getOrComputeIfAbsent(context.getUniqueId(), id -> server.store(from), Store.class);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    Store store = context.getStore(SPACE).remove(context.getUniqueId(), Store.class);
    if (store != null) {
      store.delete();
    }
  }

  /** An answer. */
  public static final class Answer {
    public final int status;
    public final String text;

    Answer(int status, String text) {
      this.status = status;
      this.text = text;
    }

    /** Returns what it says as JSON: Map, List, String, Long, Double, Boolean or null. */
    public Object json() {
      return new Json(text).read();
    }
  }

  /** An answer that is an error. */
  public static final class ClienteleException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public final transient Answer answer;

    ClienteleException(String what, Answer answer) {
      super(what + ": " + answer.status + " " + answer.text);
      this.answer = answer;
    }
  }

  /** A server of development mode. */
  public static final class Server {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    public final String url;
    private final String token;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** Is the server that CLIENTELE_URL and CLIENTELE_CONTROL_TOKEN name. */
    public Server() {
      this(System.getenv().getOrDefault("CLIENTELE_URL", "http://127.0.0.1:8080"), System.getenv("CLIENTELE_CONTROL_TOKEN"));
    }

    /** @param token its control token, or null */
    public Server(String url, String token) {
      this.url = url.replaceAll("/+$", "");
      this.token = token;
    }

    /** Makes a request; a body is JSON as text, or null. */
    Answer ask(String method, String address, String body, String... headers) {
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address)).timeout(PATIENCE).header("Accept", "application/json");
      if (body != null) {
        request.header("Content-Type", "application/json");
      }
      if (headers.length > 0) {
        request.headers(headers);
      }
      request.method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
      try {
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        return new Answer(answer.statusCode(), answer.body());
      } catch (IOException e) {
        throw new IllegalStateException(method + " " + address + ": " + e, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }

    private Object get(String method, String path, String body) {
      String[] headers = token == null ? new String[0] : new String[] {"Authorization", "Bearer " + token};
      Answer answer = ask(method, url + path, body, headers);
      if (answer.status >= 300) {
        throw new ClienteleException(method + " " + path, answer);
      }
      return answer.text.isEmpty() ? null : answer.json();
    }

    /** Makes a request under /_clientele/v1, and returns what it answers. */
    @SuppressWarnings("unchecked")
    public Map<String, Object> control(String method, String path, String body) {
      return (Map<String, Object>) get(method, "/_clientele/v1" + path, body);
    }

    public Map<String, Object> status() {
      return control("GET", "/status", null);
    }

    /** Brings the server back to what there was after its seeds. */
    public void reset() {
      control("POST", "/reset", null);
    }

    /** Applies a seed file: YAML or JSON. */
    public void seed(String document) {
      control("POST", "/seed", document);
    }

    public void snapshot(String name) {
      control("PUT", "/snapshots/" + escape(name), null);
    }

    public void restore(String name) {
      control("POST", "/snapshots/" + escape(name) + "/restore", null);
    }

    /**
     * Makes a store for one test.
     *
     * @param from the hash of a store, snapshot:NAME, or null for the one that CLIENTELE_STORE names, or else the first
     */
    public Store store(String from) {
      if (from == null) {
        from = System.getenv("CLIENTELE_STORE");
      }
      if (from == null) {
        List<Map<String, Object>> stores = list(status().get("stores"));
        if (stores.isEmpty()) {
          throw new IllegalStateException("the server has no store: give it a seed");
        }
        from = (String) stores.get(0).get("store_hash");
      }
      return new Store(this, control("POST", "/stores", "{\"from\":" + quote(from) + "}"));
    }

    /** Has what the rule, a JSON object, says fail from now on. Returns its id. */
    public String fault(String rule) {
      return (String) control("POST", "/faults", rule).get("id");
    }

    public void removeFault(String id) {
      control("DELETE", "/faults/" + escape(id), null);
    }

    public Instant now() {
      return Instant.parse((String) control("GET", "/clock", null).get("now"));
    }

    /** Has the clock of all stores stand still, or go on. */
    public void freeze(boolean still) {
      control("PUT", "/clock", "{\"frozen\":" + still + "}");
    }

    /** Moves the clock of all stores from one due time to the next, and does what is due there. */
    public void advance(Duration by) {
      String to = "{\"to\":" + quote(now().plus(by).toString()) + "}";
      while (control("POST", "/clock/advance", to).get("complete") != Boolean.TRUE) {
        // It works for 50 seconds at most.
      }
    }

    /** Returns the last requests that filters match, the newest first: names and values in turn. */
    public List<Map<String, Object>> requests(String... filter) {
      return list(control("GET", "/requests?" + query(filter), null).get("data"));
    }

    /** Fails unless so many requests match a filter, a JSON object, and tells which came nearest. */
    public void expect(String match, int atLeast) {
      try {
        control("POST", "/requests/expect", "{\"match\":" + match + ",\"at_least\":" + atLeast + "}");
      } catch (ClienteleException e) {
        if (e.answer.status != 409) {
          throw e;
        }
        throw new AssertionError("want " + atLeast + " requests or more: " + e.answer.text);
      }
    }

    /** Returns the emails that were sent, the newest first, once all that is due has been sent. */
    @SuppressWarnings("unchecked")
    public List<Map<String, Object>> emails(String... filter) {
      advance(Duration.ZERO);
      return list(((Map<String, Object>) get("GET", "/_clientele/outbox.json?" + query(filter), null)).get("data"));
    }
  }

  /** A store of a server. */
  public static final class Store {
    public final Server server;
    public final String hash;
    /** What comes after it is a path such as /v3/customers. */
    public final String managementUrl;
    public final String storefrontUrl;
    /** Credentials of the first API account. */
    public final String token;
    public final String clientId;
    public final String clientSecret;

    Store(Server server, Map<String, Object> made) {
      this.server = server;
      hash = (String) made.get("store_hash");
      // The server may be reached under another port than it knows of.
      managementUrl = server.url + "/stores/" + hash;
      URI storefront = URI.create((String) made.get("storefront_url"));
      int port = storefront.getHost().endsWith(".localhost") ? URI.create(server.url).getPort() : storefront.getPort();
      storefrontUrl = storefront.getScheme() + "://" + storefront.getHost() + (port < 0 ? "" : ":" + port);
      List<Map<String, Object>> accounts = list(made.get("accounts"));
      Map<String, Object> first = accounts.isEmpty() ? Map.of() : accounts.get(0);
      token = (String) first.get("access_token");
      clientId = (String) first.get("client_id");
      clientSecret = (String) first.get("client_secret");
    }

    /** Makes a request to the management API; path is one such as /v3/customers, a body JSON or null. */
    public Answer api(String method, String path, String body) {
      return server.ask(method, managementUrl + path, body, "X-Auth-Token", token);
    }

    public List<Map<String, Object>> emails(String... filter) {
      return server.emails(own(filter));
    }

    public List<Map<String, Object>> requests(String... filter) {
      return server.requests(own(filter));
    }

    public void expect(String match, int atLeast) {
      server.expect(Json.write(ours(new Json(match).read())), atLeast);
    }

    /** Has requests to this store fail as the rule, a JSON object, says. Returns its id. */
    @SuppressWarnings("unchecked")
    public String fault(String rule) {
      Map<String, Object> members = new LinkedHashMap<>((Map<String, Object>) new Json(rule).read());
      members.put("match", ours(members.getOrDefault("match", Map.of())));
      return server.fault(Json.write(members));
    }

    /** Brings the store back to how it was made. */
    public void reset() {
      server.control("POST", "/reset", "{\"stores\":[" + quote(hash) + "],\"keep\":[\"clock\",\"faults\",\"journal\"]}");
    }

    public void delete() {
      server.control("DELETE", "/stores/" + hash, null);
    }

    private String[] own(String[] filter) {
      List<String> out = new ArrayList<>(List.of(filter));
      out.add("store");
      out.add(hash);
      return out.toArray(new String[0]);
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> ours(Object match) {
      Map<String, Object> out = new LinkedHashMap<>((Map<String, Object>) match);
      out.put("store", hash);
      return out;
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> list(Object value) {
    return (List<Map<String, Object>>) value;
  }

  private static String escape(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String query(String[] names) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i + 1 < names.length; i += 2) {
      out.append(i == 0 ? "" : "&").append(escape(names[i])).append('=').append(escape(names[i + 1]));
    }
    return out.toString();
  }

  private static String quote(String text) {
    return Json.write(text);
  }

  /** Reads and writes JSON. */
  private static final class Json {
    private final String text;
    private int at;

    Json(String text) {
      this.text = text;
    }

    Object read() {
      Object value = value();
      space();
      if (at < text.length()) {
        throw wrong();
      }
      return value;
    }

    private IllegalArgumentException wrong() {
      return new IllegalArgumentException("no JSON at " + at + ": " + text);
    }

    private void space() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
    }

    private boolean take(char c) {
      space();
      boolean is = at < text.length() && text.charAt(at) == c;
      at += is ? 1 : 0;
      return is;
    }

    private Object value() {
      if (take('{')) {
        Map<String, Object> out = new LinkedHashMap<>();
        while (!take('}')) {
          if (!out.isEmpty() && !take(',') || !take('"')) {
            throw wrong();
          }
          String name = string();
          if (!take(':')) {
            throw wrong();
          }
          out.put(name, value());
        }
        return out;
      }
      if (take('[')) {
        List<Object> out = new ArrayList<>();
        while (!take(']')) {
          if (!out.isEmpty() && !take(',')) {
            throw wrong();
          }
          out.add(value());
        }
        return out;
      }
      if (take('"')) {
        return string();
      }
      int start = at;
      while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || "+-.".indexOf(text.charAt(at)) >= 0)) {
        at++;
      }
      String word = text.substring(start, at);
      switch (word) {
        case "null":
          return null;
        case "true":
          return Boolean.TRUE;
        case "false":
          return Boolean.FALSE;
        default:
          try {
            return word.matches("-?\\d{1,18}") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
          } catch (NumberFormatException e) {
            throw wrong();
          }
      }
    }

    private String string() {
      StringBuilder out = new StringBuilder();
      while (at < text.length()) {
        char c = text.charAt(at++);
        if (c == '"') {
          return out.toString();
        }
        if (c != '\\') {
          out.append(c);
          continue;
        }
        if (at >= text.length()) {
          break;
        }
        c = text.charAt(at++);
        int known = "nrtbf".indexOf(c);
        if (c == 'u' && at + 4 <= text.length()) {
          out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
          at += 4;
        } else {
          out.append(known < 0 ? c : "\n\r\t\b\f".charAt(known));
        }
      }
      throw wrong();
    }

    static String write(Object value) {
      StringBuilder out = new StringBuilder();
      write(value, out);
      return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
      if (value instanceof Map) {
        out.append('{');
        String before = "";
        for (Map.Entry<?, ?> e : ((Map<?, ?>) value).entrySet()) {
          out.append(before);
          write(e.getKey(), out);
          out.append(':');
          write(e.getValue(), out);
          before = ",";
        }
        out.append('}');
      } else if (value instanceof List) {
        out.append('[');
        String before = "";
        for (Object v : (List<?>) value) {
          out.append(before);
          write(v, out);
          before = ",";
        }
        out.append(']');
      } else if (value instanceof String) {
        out.append('"');
        for (char c : ((String) value).toCharArray()) {
          if (c == '"' || c == '\\') {
            out.append('\\').append(c);
          } else if (c < ' ') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
        out.append('"');
      } else {
        out.append(value);
      }
    }
  }
}
