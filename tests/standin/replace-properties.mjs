/** Defines properties of an object; returns what brings the old ones back. */
export function replaceProperties(target, values) {
  const before = Object.keys(values).map((name) => [
    name,
    Object.getOwnPropertyDescriptor(target, name),
  ]);
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else delete target[name];
    }
  };
}
