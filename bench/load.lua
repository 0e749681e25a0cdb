-- Requests for wrk: KIND PATH TOKENS_FILE IDS_FILE. `done` prints the result as one line of JSON.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local function lines(file)
  local all = {}
  for line in io.lines(file) do all[#all + 1] = line end
  return all
end

local content = "Low tide uncovers the reef for an hour, and the whole village walks out to it with baskets, knives and lamps. "
  .. "Nobody speaks of the weather, because the weather is the only thing that anybody there has ever agreed upon."

local function get(path, token)
  return "GET " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " .. token .. "\r\n\r\n"
end

local function post(path, token, title)
  local body = '{"title":"' .. title .. '","content":"' .. content .. '"}'
  return "POST " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " .. token
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function init(arguments)
  local kind, path = arguments[1], arguments[2]
  local tokens, ids = lines(arguments[3]), lines(arguments[4])
  local seed = os.time() * 10 + number
  math.randomseed(seed)
  local sent = 0
  local make = {
    static = function() return "GET " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" end,
    get = function(token) return get(path .. ids[math.random(#ids)], token) end,
    hot = function(token) return get(path, token) end,
    list = function(token) return get(path, token) end,
    post = function(token) return post(path, token, "Number " .. sent .. " of " .. seed) end,
    same = function(token) return post(path, token, "The same title for all") end,
  }
  local one = make[kind]
  request = function()
    sent = sent + 1
    return one(tokens[sent % #tokens + 1])
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50":%.3f,"p99":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
