-- Sends one visit after the other, each under an id of its own. Arguments: csrf token, cookie, item key, seed.
local counter, token, cookie, item, seed = 0, "", "", "", 0

function init(args)
  token, cookie, item, seed = args[1], args[2], args[3], tonumber(args[4])
  math.randomseed(seed)
end

function request()
  counter = counter + 1
  local id = string.format("%08x-0000-4000-8000-%012x", seed, counter)
  local body = "csrf_token=" .. token .. "&submission_id=" .. id .. "&kind=home_visit&items=" .. item .. "&outcome=settled"
  return wrk.format("POST", nil, {
    ["Cookie"] = cookie, ["Content-Type"] = "application/x-www-form-urlencoded",
  }, body)
end

function done(summary)
  io.write(string.format("REQUESTS %d %d\n", summary.requests, summary.errors.status))
end
