/**
 * `decode` once per array of bytes. Settings of a program are shared by thousands of pools and come
 * with each of their updates as the very same array, so reading them again would cost more than the
 * pool itself. Arrays are never written to after they were received.
 */
export function rememberBytes<T>(decode: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  return rememberObject(decode);
}

/** `derive` once per object, for as long as the object lives. */
export function rememberObject<K extends object, T>(derive: (key: K) => T): (key: K) => T {
  const known = new WeakMap<K, { readonly value: T }>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found.value;
    const value = derive(key);
    known.set(key, { value });
    return value;
  };
}
