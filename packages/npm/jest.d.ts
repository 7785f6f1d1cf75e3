import type { Clientele, Store } from 'clientele';

/**
 * Gives each test of the file, or of the describe block, a store of its own. The
 * function that it returns returns that store within a test.
 */
export function useStore(options?: {
  /** The store that each test's begins as: a hash or `snapshot:NAME`. */
  from?: string;
  /** Default: the server that CLIENTELE_URL names. */
  server?: Clientele;
}): () => Store;
