/**
 * `decode` once per array of bytes. Settings of a program are shared by thousands of pools and come
 * with each of their updates as the very same array, so reading them again would cost more than the
 * pool itself. Arrays are never written to after they were received.
 */
export function rememberBytes<T>(decode: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, { readonly value: T }>();
  return (bytes) => {
    const found = known.get(bytes);
    if (found !== undefined) return found.value;
    const value = decode(bytes);
    known.set(bytes, { value });
    return value;
  };
}
