"""FastAPI: `uvicorn fastapi_app:app --workers N`. DECODE and ENGINE choose how."""

import common
from fastapi import FastAPI, HTTPException, UploadFile

run = common.load_graph()
app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


# No coroutine: FastAPI gives it a thread, and its loop stays free.
@app.post("/predict")
def predict(file: UploadFile):
    try:
        tensor = common.decode(file.file.read())
    except Exception as error:
        raise HTTPException(400, "not an image") from error
    return common.answer(run(tensor))
