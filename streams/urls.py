"""Every public path, and the one view behind it."""

from django.contrib.auth.views import LogoutView
from django.templatetags.static import static
from django.urls import path, re_path
from django.views.generic import RedirectView

from streams.accounts.sign_in import SignIn, SignUp
from streams.accounts.token_views import revoke, tokens_page
from streams.accounts.views import ChangePassword, account_page, sign_out_everywhere
from streams.chat.ask import chat
from streams.chat.export_views import room_export
from streams.chat.history_views import room_answer, room_history
from streams.chat.model_views import models
from streams.chat.ops_view import room_ops
from streams.chat.plain_say import room_say
from streams.chat.room_pages import join_page, new_page, settings_page
from streams.chat.room_views import rooms
from streams.chat.search_views import room_search, search_everywhere
from streams.chat.spend import room_spend
from streams.chat.views import room_page
from streams.diagnostics.views import diagnostics_page, diagnostics_probe
from streams.files.tus import upload, uploads
from streams.files.views import file, files
from streams.jobs.views import cancel, job, jobs, retry
from streams.jobs.views import page as jobs_page
from streams.observing.health import healthz, readyz
from streams.observing.views import metrics
from streams.reports.page import reports_page
from streams.reports.views import download
from streams.topics.views import topic_list, topic_page
from streams.transports.views import answer_with_topic, events, events_of_many

urlpatterns = [
    path("", room_page, name="chat"),
    path("rooms", rooms, name="rooms"),
    path("rooms/new", new_page, name="rooms-new"),
    path("rooms/join/<str:secret>", join_page, name="room-join"),
    path("rooms/<slug:slug>/", room_page, name="room"),
    path("rooms/<slug:slug>/settings", settings_page, name="room-settings"),
    path("rooms/<slug:slug>/history", room_history, name="room-history"),
    path("rooms/<slug:slug>/spend", room_spend, name="room-spend"),
    path("models", models, name="models"),
    path("rooms/<slug:slug>/export", room_export, name="room-export"),
    path("rooms/<slug:slug>/search", room_search, name="room-search"),
    path("search", search_everywhere, name="search"),
    path("rooms/<slug:slug>/answers/<uuid:generation>", room_answer, name="room-answer"),
    path("rooms/<slug:slug>/ops", room_ops, name="room-ops"),
    path("rooms/<slug:slug>/say", room_say, name="room-say"),
    path("chat", chat, name="ask"),
    path("topics/", topic_list, name="topics"),
    path("topics/<str:name>", topic_page, name="topic"),
    path("events", events_of_many, name="events-of-many"),
    re_path(r"^events/(?P<topic>(?s:.*))$", events, name="events"),  # line ends too: the view says what is wrong
    path("files/", files, name="files"),
    path("files/<str:name>", file, name="file"),
    path("uploads/", uploads, name="uploads"),
    path("uploads/<str:upload_id>", upload, name="upload"),
    path("jobs/", jobs_page, name="jobs-page"),
    path("jobs", jobs, {"answer_with_topic": answer_with_topic}, name="jobs"),
    path("jobs/<uuid:job_id>", job, name="job"),
    path("jobs/<uuid:job_id>/cancel", cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/retry", retry, name="job-retry"),
    path("report", download, name="report"),
    path("reports/", reports_page, name="reports"),
    path("diagnostics/", diagnostics_page, name="diagnostics"),
    path("diagnostics/<slug:name>", diagnostics_probe, name="diagnostics-probe"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url=static("streams/favicon.svg"), permanent=True)),
    path("login/", SignIn.as_view(), name="login"),
    path("sign-up/", SignUp.as_view(), name="sign-up"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", account_page, name="account"),
    path("account/password", ChangePassword.as_view(), name="account-password"),
    path("account/sign-out", sign_out_everywhere, name="sign-out-everywhere"),
    path("account/tokens", tokens_page, name="tokens"),
    path("account/tokens/<int:pk>/revoke", revoke, name="token-revoke"),
]
