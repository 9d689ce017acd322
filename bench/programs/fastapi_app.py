# The peer of fastapi.js: the same two routes.
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send(n: int):
    pass


def add(a: int, b: int):
    return a + b


@app.get("/async")
async def with_async_task(background_tasks: BackgroundTasks):
    background_tasks.add_task(send, 1)
    return {"hello": "world"}


@app.get("/sync")
async def with_sync_task(background_tasks: BackgroundTasks):
    background_tasks.add_task(add, 1, 2)
    return {"hello": "world"}
