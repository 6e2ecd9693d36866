"""The customer's page in a real browser: phones, keyboards, hostile text, other hosts, and failures."""

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),  # Gradio's counting of its own events
]
QUESTION = "How do I return shoes that don't fit?"
PHONE = {"width": 390, "height": 844}


def test_a_turn_that_failed_can_be_tried_again_and_is_answered_once(page, site, monkeypatch):
    from rapport.errors import ModelError

    class Away:
        def respond(self, id):
            raise ModelError("the model is away.")

    with monkeypatch.context() as broken:
        broken.setattr(site.service.runner, "_agent", Away())
        page.fill("#box textarea", QUESTION)
        page.keyboard.press("Enter")
        page.locator("#notice .retry").wait_for()
    assert page.locator("#transcript .msg.customer").count() == 1
    page.click("#notice .retry")
    page.locator("#transcript .msg.assistant").wait_for()
    assert page.locator("#transcript .msg.customer").count() == 1
    assert page.locator("#notice .notice").count() == 0


def test_nothing_is_asked_of_another_host_and_nothing_fails(browser, site, say, wait_ready):
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.address}/chat")
    wait_ready(page)
    say(page, QUESTION)
    for address in ("/articles", "/docs", "/articles/sample:nothing"):
        page.goto(f"{site.address}{address}")
    elsewhere = [url for url in asked if not url.startswith((site.address, "data:", "blob:"))]
    assert elsewhere == []
    assert [text for text in wrong if "404" not in text] == []
    context.close()


def test_on_a_phone_the_person_button_stays_in_sight_also_when_scrolled(site, say, visiting):
    with visiting(site, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        for _ in range(4):
            say(page, QUESTION)
        pane = page.locator("#scroller")
        assert pane.evaluate("pane => pane.scrollHeight > pane.clientHeight")
        for top in (0, 100_000):
            pane.evaluate("(pane, top) => pane.scrollTo(0, top)", top)
            box = page.locator("#person").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
            assert 0 <= box["y"] < box["y"] + box["height"] <= PHONE["height"]
            assert box["height"] >= 32
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_an_empty_message_does_nothing_and_shift_enter_makes_a_line(page):
    page.click("#send")
    page.fill("#box textarea", "   ")
    page.keyboard.press("Enter")
    page.fill("#box textarea", "Hello")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("there")
    assert page.locator("#box textarea").input_value() == "Hello\nthere"
    assert page.locator("#transcript .msg").count() == 0
    page.keyboard.press("Enter")
    page.locator("#transcript .msg.assistant").wait_for()
    assert page.locator("#transcript .msg.customer .bubble").inner_text() == "Hello\nthere"


def test_what_a_customer_writes_is_shown_and_never_run(page, say):
    text = "<img src=x onerror=\"document.title='owned'\"> **bold** [link](javascript:alert(1)) {{7*7}} ${7*7}"
    say(page, text)
    assert page.locator("#transcript .msg.customer .bubble").inner_text() == text
    assert page.locator("#transcript .msg.customer .bubble *").count() == 0
    assert page.title() != "owned"


def test_a_message_that_is_too_long_is_kept_in_the_box_and_explained(page):
    page.fill("#box textarea", "a " * 5000)
    page.click("#send")
    page.locator("#notice .notice").wait_for()
    assert "10,000 characters" in page.locator("#notice").inner_text()
    assert len(page.locator("#box textarea").input_value()) == 10_000
    assert page.locator("#transcript .msg").count() == 0


def test_it_can_be_used_with_the_keyboard_and_every_control_has_a_name(page, say):
    page.keyboard.press("Tab")
    reached = []
    for _ in range(14):
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        page.keyboard.press("Tab")
    assert {"person", "send", "scroller", "Where is my order?"} <= set(reached)
    assert page.get_by_role("textbox", name="Your message").is_visible()
    for button in page.get_by_role("button").all():
        assert button.inner_text().strip() or button.get_attribute("aria-label")
    assert page.get_by_role("heading", level=1).count() == 1
    say(page, QUESTION)
    page.wait_for_function("document.activeElement.tagName === 'TEXTAREA'")
    assert "return" in page.locator("#spoken [aria-live=polite]").text_content()
    assert page.locator("footer").is_hidden() or page.locator("footer").count() == 0


def test_a_message_sent_while_the_server_is_gone_is_kept_and_sent_once_when_it_is_back(say, visiting, new_site):
    site = new_site()
    site.start()
    with visiting(site) as page:
        say(page, "How long does delivery take?")
        site.stop()
        page.fill("#box textarea", QUESTION)
        page.keyboard.press("Enter")
        page.locator("#lost").wait_for()
        assert "can't reach the server" in page.locator("#lost").inner_text()
        page.click("#lost button")
        site.start()
        page.locator("#lost button:not([disabled])").click()
        page.locator("#transcript .msg.assistant").nth(1).wait_for()
        assert page.locator("#transcript .msg.customer .bubble").all_inner_texts() == [
            "How long does delivery take?",
            QUESTION,
        ]
        assert page.locator("#lost").count() == 0
    site.stop()
