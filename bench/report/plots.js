// Draws the plots of the report, in the report itself. A classic script: modules can't be inlined
// together with the libraries' global names.
(function drawPlots() {
  const { Plot } = globalThis;
  const all = JSON.parse(document.getElementById('data').textContent);

  function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** Bars from the median, and a dot for each round. */
  function race(results, unit) {
    const medians = results.map(({ microseconds, ...rest }) => ({
      ...rest,
      time: median(microseconds),
    }));
    const rounds = results.flatMap(({ label, microseconds }) =>
      microseconds.map((time) => ({ label, time })),
    );
    const spread =
      Math.max(...rounds.map(({ time }) => time)) / Math.min(...rounds.map(({ time }) => time));
    // On a logarithmic scale bars would begin anywhere, so there are only points.
    const type = spread > 30 ? 'log' : 'linear';
    return Plot.plot({
      width: 1000,
      marginLeft: 330,
      x: {
        type,
        label: `µs each ${unit}${type === 'log' ? ', logarithmic' : ''}`,
        grid: true,
        ticks: 6,
        tickFormat: '~g',
      },
      y: { label: null, domain: medians.map(({ label }) => label) },
      color: {
        legend: true,
        domain: ['ours', 'before', 'official', 'peer', 'limit'],
        range: ['#d62728', '#ff9896', '#1f77b4', '#2ca02c', '#999999'],
      },
      marks: [
        type === 'linear' ? Plot.barX(medians, { x: 'time', y: 'label', fill: 'side' }) : null,
        Plot.dot(rounds, { x: 'time', y: 'label', r: 2, fill: 'black', fillOpacity: 0.5 }),
        Plot.dot(medians, {
          x: 'time',
          y: 'label',
          fill: 'side',
          stroke: 'white',
          r: 6,
          tip: true,
          title: ({ label, time }) => `${label}\n${time.toPrecision(3)} µs`,
        }),
      ],
    });
  }

  /** A line for each contender over the numbers of rows, both scales logarithmic. */
  function sizes(results, unit) {
    const points = results.map(({ microseconds, ...rest }) => ({
      ...rest,
      time: median(microseconds),
    }));
    return Plot.plot({
      width: 1000,
      height: 420,
      x: { type: 'log', label: 'rows of the table, logarithmic', grid: true },
      y: { type: 'log', label: `µs each ${unit}, logarithmic`, grid: true, tickFormat: '~g' },
      color: { legend: true },
      marks: [
        Plot.line(points, { x: 'rows', y: 'time', stroke: 'label' }),
        Plot.dot(points, { x: 'rows', y: 'time', fill: 'label', tip: true }),
      ],
    });
  }

  for (const place of document.querySelectorAll('figure[data-workload]')) {
    const results = all.filter(({ workload }) => workload === place.dataset.workload);
    if (results.length === 0) continue;
    const draw = results[0].rows === undefined ? race : sizes;
    place.append(draw(results, results[0].unit));
  }
})();
