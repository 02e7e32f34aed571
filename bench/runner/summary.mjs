// Numbers made of the rounds.

export function median(values) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median time of a result; null when it failed or did not take part. */
export function medianTime(result) {
  return result && !result.error && result.times.length > 0 ? median(result.times) : null;
}

/** Results by workload, and within one by contender. */
export class Results {
  #byWorkload = new Map();

  constructor(results) {
    for (const result of results) {
      if (!this.#byWorkload.has(result.workload)) this.#byWorkload.set(result.workload, new Map());
      this.#byWorkload.get(result.workload).set(result.contender, result);
    }
  }

  workloads() {
    return [...this.#byWorkload.keys()];
  }

  of(workload) {
    return [...(this.#byWorkload.get(workload)?.values() ?? [])];
  }

  find(workload, contender) {
    return this.#byWorkload.get(workload)?.get(contender);
  }

  time(workload, contender) {
    return medianTime(this.find(workload, contender));
  }

  /** The fastest of some contenders, as {contender, time}; null when none has a time. */
  fastest(workload, candidates) {
    const timed = candidates
      .map((contender) => ({ contender, time: this.time(workload, contender) }))
      .filter(({ time }) => time !== null);
    return timed.sort((a, b) => a.time - b.time)[0] ?? null;
  }
}

/** Three significant digits, without an exponent. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
