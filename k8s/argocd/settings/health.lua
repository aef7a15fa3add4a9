-- Health of pawl.dev/ModelVersion, from the status that Pawl's controller writes. For an object that is being deleted Argo CD
-- itself says Progressing, and does not ask here.
local status = obj.status or {}
local generation = obj.metadata.generation or 1

if status.phase == nil then
  return { status = "Progressing", message = "Waiting for Pawl's controller to look at it" }
end

local said = status.phase
if status.phase == "Canary" or status.phase == "Promoting" or status.phase == "Suspended" then
  said = said .. " at " .. (status.weight or 0) .. " %"
end
if status.message ~= nil and status.message ~= "" then
  said = said .. ": " .. status.message
end

-- Until the controller has judged this generation, its status speaks of another one.
if (status.observedGeneration or 0) < generation then
  return {
    status = "Progressing",
    message = "Waiting for Pawl's controller to look at generation " .. generation .. "; of an older one it said " .. said,
  }
end

-- True only while somebody must act: Stalled with a verdict (Failed) or without one, Degraded of a version that serves and whose
-- pods are not well.
for _, condition in ipairs(status.conditions or {}) do
  if (condition.type == "Stalled" or condition.type == "Degraded") and condition.status == "True" then
    local message = status.phase .. ", " .. (condition.reason or "Stalled")
    if condition.message ~= nil and condition.message ~= "" then
      message = message .. ": " .. condition.message
    end
    return { status = "Degraded", message = message }
  end
end

local healthOf = {
  Pending = "Progressing",
  Verifying = "Progressing",
  Canary = "Progressing",
  Promoting = "Progressing",
  Serving = "Healthy",
  Superseded = "Healthy", -- a higher version is wanted: nothing is wrong with this one
  Suspended = "Suspended",
  Failed = "Degraded",
}
return { status = healthOf[status.phase] or "Unknown", message = said }
