-- wrk_report.lua: one line of plain numbers when wrk is done. It defines nothing that wrk
-- would call for each request, so it costs the measurement nothing.
done = function(summary, latency, requests)
	local errors = summary.errors
	io.write(string.format("result requests=%d us=%d p50=%d p99=%d errors=%d\n",
		summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
		errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
